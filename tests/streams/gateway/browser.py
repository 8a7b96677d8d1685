"""A headless browser for tests of the console: Debian's Chromium, or the one that is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from benchmarks import console


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser without a window; without Chromium the test is skipped, or fails in CI."""
    program = console.find_browser()
    if program is None:
        if os.environ.get("CI") == "true" and shutil.which("apt-get") and os.geteuid() == 0:
            pytest.fail(console.ABSENT)
        pytest.skip(console.ABSENT)
    with console.open_browser(program) as browser:
        yield browser
