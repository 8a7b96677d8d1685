"""The codec that the settings ask for: with the schema registry where one is set."""

from __future__ import annotations

from schemas.codec import Codec
from schemas.registry import Registry
from streams.settings import Settings
from streams.topics import real_name, topic_of


def open_codec(settings: Settings) -> Codec:
    """Make the codec; the registry is asked only when a record needs it."""
    if settings.schema_registry_url is None:
        return Codec()
    return Codec(
        Registry(
            settings.schema_registry_url,
            lambda record_type: real_name(settings, topic_of(record_type).name) + "-value",
        )
    )
