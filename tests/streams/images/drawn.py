"""Images that the tests draw themselves."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Sequence

import segno
from PIL import Image, ImageDraw

RED, YELLOW = (238, 28, 37), (255, 255, 0)


def flag(width: int = 600) -> Image.Image:
    """The national flag, drawn by the grid of GB 12982: fifteen by ten units a quarter."""
    unit = width / 30
    image = Image.new("RGB", (width, width * 2 // 3), RED)
    draw = ImageDraw.Draw(image)
    _star(draw, 5 * unit, 5 * unit, 3 * unit, 0.0)
    for x, y in ((10, 2), (12, 4), (12, 7), (10, 9)):
        _star(draw, x * unit, y * unit, unit, math.atan2(5 - x, -(5 - y)))
    return image


def code(says: str) -> Image.Image:
    """A QR code of about 200 pixels a side."""
    buffer = io.BytesIO()
    segno.make(says, error="m").save(buffer, kind="png", scale=6, border=3)
    return Image.open(buffer).convert("RGB")


def picture(seed: int = 1, side: int = 200) -> Image.Image:
    """A picture of nothing: soft patches, another for each seed."""
    small = Image.new("RGB", (8, 8))
    at = seed * 2_654_435_761 + 1
    for x in range(8):
        for y in range(8):
            at = (at * 1_103_515_245 + 12_345) % (1 << 31)
            small.putpixel((x, y), (at >> 7 & 255, at >> 13 & 255, at >> 19 & 255))
    return small.resize((side, side), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """The bytes of an image."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def gif(screen: tuple[int, int], frames: Sequence[tuple[int, int]]) -> bytes:
    """The bytes of an animation whose frames are as large as they say, but hold one pixel."""
    body = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    for width, height in frames:
        body += b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"
    return body + b";"


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, turn: float) -> None:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for corner in range(10):
        length = radius if corner % 2 == 0 else inner
        angle = turn + math.pi * corner / 5
        points.append((x + length * math.sin(angle), y - length * math.cos(angle)))
    draw.polygon(points, fill=YELLOW)
