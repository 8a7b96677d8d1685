"""Who may do what on Redis: one table of commands and keys for each part, and no more.

`zhengming views acl` prints it as lines of an ACL file; a test grants exactly this.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from streams.settings import Settings
from streams.views.keys import Keys


class RedisUser(StrEnum):
    """A part with a user of its own on Redis."""

    VIEWS = "views"
    GATEWAY = "gateway"


CONNECTION = ("ping", "select", "hello")
"""What a client says to be let in, whoever it is. What it says of itself it need not say."""

COMMANDS = {
    RedisUser.VIEWS: (
        *("get", "set", "del", "unlink", "mget", "scan", "hset", "hgetall", "hdel", "hincrby"),
        *("zadd", "zrem", "zremrangebyrank", "zcard", "zcount", "expireat"),
        *("watch", "unwatch", "multi", "exec"),
    ),
    RedisUser.GATEWAY: (
        *("get", "mget", "hget", "hmget", "hgetall", "zcard", "zcount", "zrange", "zrevrange"),
        *("set", "hset", "hsetnx", "expire", "del", "evalsha", "script|load"),
    ),
}


def lines(settings: Settings) -> Iterator[str]:
    """The users as lines of an ACL file, with PASSWORD in the place of the password's SHA-256."""
    keys = Keys(settings)
    own = {
        RedisUser.VIEWS: [f"~{keys.prefix}*", f"~{keys.lease}", f"~{keys.status}"],
        RedisUser.GATEWAY: [f"%R~{keys.prefix}*", f"%R~{keys.status}", f"~{keys.desk}*"],
    }
    for user in RedisUser:
        granted = " ".join(f"+{name}" for name in (*CONNECTION, *COMMANDS[user]))
        patterns = " ".join(own[user])
        yield (
            f"user zhengming-{user} on #PASSWORD resetchannels resetkeys {patterns} -@all {granted}"
        )
