"""The text engine: finds contacts, protected names, claims and lexicon entries in texts."""

from processors.text.match import Match, Outcome

__all__ = ["Match", "Outcome"]
