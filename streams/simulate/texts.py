"""The texts of simulated accounts: pools made once, so that traffic is quick to draw."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from streams.simulate import words

POOL = 2_048

_ZERO_WIDTH = "\u200b"
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_CIRCLED = {ord("0"): "⓪"} | {ord("1") + i: chr(0x2460 + i) for i in range(9)}
_NUMERALS = dict(zip(map(ord, "0123456789"), "零一二三四五六七八九", strict=True))


class Texts(NamedTuple):
    """Pools of texts. Spam is a bio, a signature or a name alike."""

    names: list[str]
    latin_names: list[str]
    foreign_names: list[str]
    bios: list[str]
    latin_bios: list[str]
    foreign_bios: list[str]
    signatures: list[str]
    spam: list[str]
    impersonations: list[str]
    strict: list[str]
    claims: list[str]


def make_texts(rnd: random.Random) -> Texts:
    """Make all pools; the same state of ``rnd`` gives the same ones."""
    writer = _Writer(rnd)

    def pool(make: Callable[[], str], size: int = POOL) -> list[str]:
        return [make() for _ in range(size)]

    return Texts(
        names=pool(writer.name),
        latin_names=pool(writer.latin_name, POOL // 4),
        foreign_names=list(words.FOREIGN),
        bios=pool(writer.bio),
        latin_bios=pool(writer.latin_bio, POOL // 4),
        foreign_bios=list(words.FOREIGN_BIOS),
        signatures=pool(writer.signature, POOL // 4),
        spam=pool(writer.spam, POOL // 2),
        impersonations=pool(lambda: writer.fill(words.IMPERSONATED), POOL // 4),
        strict=pool(lambda: writer.fill(words.STRICT), POOL // 4),
        claims=pool(lambda: writer.fill(words.CLAIMS), POOL // 4),
    )


class _Writer:
    def __init__(self, rnd: random.Random) -> None:
        self._rnd = rnd

    def fill(self, shapes: tuple[str, ...]) -> str:
        """One of the shapes, its places filled."""
        rnd = self._rnd
        shape = rnd.choice(shapes)
        if "{" not in shape:
            return shape
        return shape.format(
            city=rnd.choice(words.CITIES),
            city2=rnd.choice(words.CITIES),
            latin_city=rnd.choice(words.LATIN_CITIES),
            latin=rnd.choice(words.LATIN),
            n=rnd.randrange(2, 60),
        )

    def name(self) -> str:
        """A Chinese name: a nickname or a real-looking one."""
        rnd = self._rnd
        if rnd.random() < 0.4:
            given = "".join(rnd.choices(words.GIVEN, k=rnd.randint(1, 2)))
            return rnd.choice(words.SURNAMES) + given
        shape = rnd.choice(words.NAME_SHAPES)
        return shape.format(rnd.choice(words.NICKNAMES), n=rnd.randrange(100))

    def latin_name(self) -> str:
        """A name in Latin letters."""
        rnd = self._rnd
        return rnd.choice(words.LATIN_SHAPES).format(rnd.choice(words.LATIN), n=rnd.randrange(1000))

    def bio(self) -> str:
        """A Chinese bio of some 35 characters."""
        parts = (words.OPENINGS, words.TELLINGS, words.CLOSINGS)
        return "".join(self.fill(part) for part in parts)

    def latin_bio(self) -> str:
        """An English bio."""
        return self.fill(words.LATIN_BIOS)

    def signature(self) -> str:
        """A signature line."""
        return self.fill(words.SIGNATURES)

    def spam(self) -> str:
        """A contact, in three of four cases disguised."""
        rnd = self._rnd
        text = rnd.choice(words.CONTACT_FORMS).format(
            id=f"zm_{rnd.choice(words.LATIN)}{rnd.randrange(100, 10_000)}",
            qq=f"1000{rnd.randrange(100_000):05d}",
            phone=f"1990000{rnd.randrange(10_000):04d}",
        )
        return _disguise(text, rnd.choice(words.DISGUISES))


def _disguise(text: str, how: str) -> str:
    """Write a contact so that a plain search misses it; an address still has to work."""
    address = any(sign in text for sign in ("://", "www.", "@"))
    number = sum(character.isdigit() for character in text) > 6
    if (address and how != "wide") or (how in _OF_NUMBERS and not number):
        return text
    return _DISGUISES[how](text)


_OF_NUMBERS = ("circled", "numerals")
_DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "wide": lambda text: text.translate(_FULL_WIDTH),
    "spaced": " ".join,
    "dotted": lambda text: text.replace("微信", "微.信").replace("QQ", "Q.Q"),
    "zero-width": _ZERO_WIDTH.join,
    "circled": lambda text: text.translate(_CIRCLED),
    "numerals": lambda text: text.translate(_NUMERALS),
}
