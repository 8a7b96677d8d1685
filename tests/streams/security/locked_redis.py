"""A real Redis over TLS, in which every part has a user with exactly the commands of the table."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from streams.children import Child, free_ports, wait_for
from streams.settings import Settings
from streams.views.access import RedisUser, lines
from tests.streams.security.certificates import Authority

ADMIN = "admin"


def password(user: str) -> str:
    """The password of a user; with what a URL may stumble over."""
    return f"pass/word@{user}"


class LockedRedis:
    """The server, and addresses for its users."""

    def __init__(self, port: int, authority: Path) -> None:
        self.port = port
        self._authority = authority

    def url(self, user: str, secret: str | None = None, **more: str) -> str:
        """The address for a user."""
        shown = quote(password(user) if secret is None else secret, safe="")
        options = {"ssl_ca_certs": str(self._authority), **more}
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"rediss://{user}:{shown}@127.0.0.1:{self.port}/0?{query}"

    def client(self, user: str, patience_s: float | None = 5.0) -> redis.Redis:
        """A client of a user, who waits so long for an answer; None is for ever."""
        return redis.Redis.from_url(self.url(user), socket_timeout=patience_s)


@contextmanager
def locked_redis(settings: Settings, directory: Path) -> Iterator[LockedRedis]:
    """Run one for the keys of an application; skips where Redis was built without TLS."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Debian's redis-server: make redis")
        pytest.skip("needs a redis-server with TLS on the PATH: make redis")
    authority = Authority(directory / "redis")
    own = authority.issue("redis")
    users = {ADMIN: f"user {ADMIN} on #PASSWORD ~* &* +@all"}
    users |= dict(zip((f"zhengming-{u}" for u in RedisUser), lines(settings), strict=True))
    told = [
        line.replace("PASSWORD", hashlib.sha256(password(user).encode()).hexdigest())
        for user, line in users.items()
    ]
    (directory / "users.acl").write_text("\n".join(["user default off", *told]) + "\n")
    (port,) = free_ports(1)
    options = {
        "port": 0,
        "tls-port": port,
        "bind": "127.0.0.1",
        "tls-cert-file": own.certificate,
        "tls-key-file": own.key,
        "tls-ca-cert-file": authority.file,
        "tls-auth-clients": "no",
        "aclfile": directory / "users.acl",
        "save": "",
        "dir": directory,
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    found = LockedRedis(port, authority.file)

    def answers() -> bool:
        try:
            with found.client(ADMIN) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    with Child([program, *words], directory / "redis.log") as child:
        problem = wait_for(answers, child, 60)
        assert not problem, f"{problem}\n{child.tail()}"
        yield found
