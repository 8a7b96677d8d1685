"""A headless browser for tests of the console: Debian's Chromium, or the one that is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

VARIABLE = "ZHENGMING_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str:
    """The browser's program; without one the test is skipped, or fails in CI."""
    for name in (os.environ.get(VARIABLE), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    why = f"there is no Chromium: run `make browser` (Debian), or name one by {VARIABLE}"
    if os.environ.get("CI") == "true" and shutil.which("apt-get") and os.geteuid() == 0:
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser without a window."""
    program = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
