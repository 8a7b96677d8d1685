"""Avro schemas, the record types generated from them, and the codec between the two."""

from schemas.codec import Codec, decode, encode
from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable

__all__ = ["Codec", "DeadLetterReason", "DecodeError", "RegistryUnavailable", "decode", "encode"]
