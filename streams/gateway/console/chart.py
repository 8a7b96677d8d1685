"""Charts that do not hold up a page: their library is larger than all else that it loads."""

from __future__ import annotations

from typing import Any

from nicegui import ui


class Chart:
    """A chart; its place is there at once, it itself with the first update a browser can take.

    What it shows is told in words, too, for who does not see it.
    """

    def __init__(self, options: dict[str, Any], height: str, told: str) -> None:
        self.options = options
        self._place = ui.element("div").style(f"height:{height}").props("role=img")
        self._place.props["aria-label"] = told
        self._client = ui.context.client
        self._drawn: ui.echart | None = None

    def update(self, told: str) -> None:
        """Show the options as they are now; ``told`` says what they show."""
        self._place.props["aria-label"] = told
        if self._drawn is not None:
            self._drawn.update()
        elif self._client.has_socket_connection:
            with self._place:
                self._drawn = ui.echart(self.options).style("height:100%;width:100%")
