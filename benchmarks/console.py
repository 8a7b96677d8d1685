"""How soon the console is painted, by the word of a browser that has seen nothing of it yet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

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
ABSENT = f"there is no Chromium: run `make browser` (Debian), or name one by {VARIABLE}"

PAGES = ("/", "/reviews", "/complaints", "/accounts", "/packs")
WITHIN_MS = 30_000
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]"


def find_browser() -> str | None:
    """The browser's program: the one that is named, or Debian's Chromium; None without one."""
    names = (os.environ.get(VARIABLE), *NAMES)
    return next((found for name in names if name and (found := shutil.which(name))), None)


@contextmanager
def open_browser(program: str) -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody who has logged in and comes to each page with an empty cache."""

    def __init__(self, browser: Browser, url: str, key: str) -> None:
        self._browser = browser
        self._url = url
        context = browser.new_context()
        context.request.post(url + "/login", form={"credential": key})
        self._login = context.storage_state()
        context.close()

    def paint(self, page: str) -> float:
        """Time to the first contentful paint of a page in ms, from the first byte asked for."""
        with self.visit(page) as painted:
            return float(painted.evaluate(_PAINTED + ".startTime"))

    @contextmanager
    def visit(self, page: str) -> Iterator[Page]:
        """A page in a browser that has seen nothing of it before, once it is painted."""
        context = self._browser.new_context(
            viewport={"width": 1440, "height": 900}, storage_state=self._login
        )
        context.set_default_timeout(WITHIN_MS)
        try:
            opened = context.new_page()
            opened.goto(self._url + page)
            opened.locator("nav a[aria-current]").first.wait_for()  # not the page for logging in
            opened.wait_for_function(_PAINTED)
            yield opened
        finally:
            context.close()
