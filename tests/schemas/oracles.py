"""The two independent readers and writers of Avro that the codec is held against."""

import copy
import io
import json

import avro.io
import avro.schema
import fastavro
import msgspec

from schemas import codec
from schemas.source import plain

HEADER = 10


class FastAvro:
    """fastavro, the library that other Python programs use."""

    def __init__(self, schema):
        self.schema = fastavro.parse_schema(copy.deepcopy(plain(schema)))

    def write(self, value):
        sink = io.BytesIO()
        fastavro.schemaless_writer(sink, self.schema, value)
        return sink.getvalue()

    def read(self, body):
        source = io.BytesIO(body)
        value = fastavro.schemaless_reader(source, self.schema)
        assert source.tell() == len(body)
        return value


class AvroPython:
    """avro-python3, written by the Avro project itself."""

    def __init__(self, schema):
        parsed = avro.schema.parse(json.dumps(plain(schema)))
        self.reader = avro.io.DatumReader(parsed)
        self.writer = avro.io.DatumWriter(parsed)

    def write(self, value):
        sink = io.BytesIO()
        self.writer.write(value, avro.io.BinaryEncoder(sink))
        return sink.getvalue()

    def read(self, body):
        source = io.BytesIO(body)
        value = self.reader.read(avro.io.BinaryDecoder(source))
        assert source.tell() == len(body)
        return value


def plain_values(record):
    """A record as the oracles give it: dicts, lists, text, numbers."""
    return lists(msgspec.to_builtins(record, builtin_types=(bytes,)))


def lists(value):
    if isinstance(value, dict):
        return {key: lists(item) for key, item in value.items()}
    return [lists(item) for item in value] if isinstance(value, list | tuple) else value


def header_of(schema):
    """The first ten bytes of a single object written with a schema."""
    return codec.MAGIC + codec.fingerprint_of(schema)
