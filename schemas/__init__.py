"""Avro schemas, the record types generated from them, and the codec between the two.

`schemas.records` holds the types, `schemas.codec` reads and writes them, `schemas.errors` says what
can be wrong. Nothing is imported here, so that the generator runs without what it generates.
"""
