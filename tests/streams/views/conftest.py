"""Views that are written by the tests themselves."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_lease_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease of this process ends when it is taken away, not when its machine stands still."""
    monkeypatch.setattr("streams.views.store.LEASE_MS", 600_000)
