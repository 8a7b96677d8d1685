"""The registry of keys: which account has, or has left a bar on, an identity, a name, a device.

A key is the hash of a token or of a name's skeleton. Accounts claim keys (`KeyClaims`), and the
partition that a key belongs to answers (`KeyFindings`). `registry` is that partition's side;
`processors.accounts.across` the accounts'.
"""

from processors.keys.hashes import KINDS, name_key, partition_of, token_key
from processors.keys.registry import (
    apply_claims,
    divide,
    explode,
    is_bucket,
    is_registry_key,
    join,
    single,
)
from processors.keys.tokens import is_same, renewed, tokens_of

__all__ = [
    "KINDS",
    "apply_claims",
    "divide",
    "explode",
    "is_bucket",
    "is_registry_key",
    "is_same",
    "join",
    "name_key",
    "partition_of",
    "renewed",
    "single",
    "token_key",
    "tokens_of",
]
