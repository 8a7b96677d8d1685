"""Where account changes come from: existing event formats, mapped to `account.changes`.

::

    item       what one message becomes: changes, something skipped, something rejected
    mapping    the mapping file: which table, which column is what
    envelopes  Debezium, Canal and Maxwell messages -> rows
    rows       rows and a mapping -> items
    jetstream  Bluesky profile and account events -> items
    wikimedia  Wikimedia log events -> items
    feed       publishes items, and says when a position may be kept
    kafka, web, lines   thin runners: a topic, a web socket or event stream, a file

Everything above `feed` is pure. Delivery is at least once: a position is kept after Kafka has taken
what came before it. Event ids are made of the position in the source, so that the stream, which
processes an id once, makes it exactly once.
"""

from streams.sources.item import Item, Mapper, Message, Rejected, Skipped

__all__ = ["Item", "Mapper", "Message", "Rejected", "Skipped"]
