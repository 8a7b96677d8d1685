"""Who may write a backup into a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.backup.files import writing
from streams.errors import ConfigurationError
from streams.sealed import UNSEALED


def test_two_never_write_into_one_directory_and_the_second_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "backup"
    with writing(directory):
        (directory / UNSEALED).write_text("the first's")
        with pytest.raises(ConfigurationError, match="another process writes"), writing(directory):
            pass
        assert (directory / UNSEALED).read_text() == "the first's"
    with writing(directory):  # that was not sealed: it is begun anew
        assert (directory / UNSEALED).read_text() == ""
