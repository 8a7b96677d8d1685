"""Where a source is kept between two runs: one small file, replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

from streams.errors import ConfigurationError


class PositionFile:
    """The position of a source, as its own text. Raises `ConfigurationError` on any fault."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> str | None:
        """Read what was kept; None before the first time."""
        try:
            return self.path.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._fault(error) from error

    def keep(self, position: str) -> None:
        """Replace what was kept; a crash leaves the old one or the new one."""
        new = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="utf-8") as file:
                file.write(position + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"the position in {self.path} cannot be used ({error}): name another file with "
            "--position, or remove it to begin anew"
        )
