"""What persons must give, such as their name and a reason: empty is not given."""

from __future__ import annotations

from processors.persons import says_nothing
from streams.errors import ConfigurationError


def given(what: str, text: str) -> str:
    """A text without white space around it.

    Raises `ConfigurationError` with ``what`` it is where nothing can be seen in it.
    """
    text = text.strip()
    if says_nothing(text):
        raise ConfigurationError(f"{what} is empty; fill it in")
    return text
