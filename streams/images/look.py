"""Looks into the bytes of an image: codes, text, perceptual hashes. Runs in processes of a pool."""

from __future__ import annotations

import io
import re
import warnings
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from schemas.records import ImageFacts, ImagePart
from streams.images.pdq import LEAST_QUALITY, pdq

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_PIXELS = 20_000_000
"""More is not unpacked: a small file may hold a huge image."""

MAX_UNPACKED = 100_000_000
"""Pixels of all frames of an animation: whoever wants its last one unpacks all of them."""

FRAME_COSTS = 10_000
"""Pixels that the smallest frame counts for, as unpacking it takes its time as well."""

MAX_SCANS = 100
"""Times that a JPEG may go over the whole image; a progressive one does so about ten times."""

MAX_FRAMES = 4
"""Frames of an animation that are looked at for codes, from the first to the last."""

CODE_SIDE = 1_024
HASH_SIDE = 256
TEXT_SIDE = 224
MAX_TEXT = 1_000

_SCAN = b"\xff\xda"

_CLASSES = (
    ("wechat", r"https?://(?:u\.wechat\.com|weixin\.qq\.com|w\.url\.cn)\b|weixin://|wxid_"),
    ("payment", r"wxp://|https?://(?:qr\.alipay\.com|ur\.alipay\.com|payapp\.weixin\.qq\.com)\b"),
    ("payment", r"alipays?://|bitcoin:|ethereum:|upi://"),
    ("contact", r"tel:|mailto:|smsto?:|matmsg:|mecard:|begin:vcard|\+?\d[\d\s-]{6,14}\d$"),
    ("contact", r"[\w.+-]+@[\w-]+\.[\w.]+$"),
    ("url", r"https?://|www\.|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/|$)"),
)
_OF_CODES = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _CLASSES)


class TooLarge(Exception):
    """An image is not unpacked; the text says why."""


class Tools(NamedTuple):
    """The libraries of the extra ``images`` that are there."""

    codes: Any
    text: Any


@cache
def tools() -> Tools:
    """What is installed, loaded once in a process."""
    codes: Any = None
    text: Any = None
    try:
        import zxingcpp

        codes = zxingcpp
    except ImportError:
        pass
    try:
        from rapidocr_onnxruntime import RapidOCR

        text = RapidOCR(det_limit_side_len=TEXT_SIDE, intra_op_num_threads=1)
    except ImportError:
        pass
    return Tools(codes, text)


def class_of(says: str) -> str:
    """The class of a code by what it says, which itself goes nowhere."""
    says = says.strip()
    return next((name for name, pattern in _OF_CODES if pattern.match(says)), "text")


def look_into(body: bytes) -> ImageFacts:
    """What an image holds, or why it could not be looked into; never raises for any bytes."""
    seen = sha256(body).hexdigest()
    try:
        return _facts(_frames(body), seen)
    except TooLarge as error:
        detail = f"The image is too large: {error}."
    except Exception as error:  # a decoder may raise anything for bytes that are made to break it
        detail = f"The image cannot be decoded: {type(error).__name__}."
    return ImageFacts(checked=False, detail=detail, content_hash=seen)


def _facts(frames: list[Any], seen: str) -> ImageFacts:
    parts = [ImagePart.HASH]
    codes: tuple[str, ...] = ()
    text = ""
    if tools().codes is not None:
        codes = _codes(frames)
        parts.append(ImagePart.CODES)
    if tools().text is not None:
        text = _text(frames[0])
        parts.append(ImagePart.TEXT)
    small = frames[0].resize((HASH_SIDE, HASH_SIDE))
    hashes = pdq(np.asarray(small))
    telling = hashes.quality >= LEAST_QUALITY
    return ImageFacts(
        checked=True,
        parts=tuple(part for part in ImagePart if part in parts),
        codes=codes,
        text=text,
        hash=hashes.hash if telling else "",
        mirror_hash=hashes.mirror if telling else "",
        content_hash=seen,
    )


def _frames(body: bytes) -> list[Any]:
    """Some frames of the image, on white where it lets shine through."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(body), formats=FORMATS)
        count = getattr(image, "n_frames", 1)
        _bound(image.width * image.height, count)
        if image.format == "JPEG" and body.count(_SCAN) > MAX_SCANS:
            raise TooLarge(f"it has more than {MAX_SCANS} scans")
        image.draft("RGB", (CODE_SIDE, CODE_SIDE))
        wanted = {round(at * (count - 1) / MAX_FRAMES) for at in range(MAX_FRAMES + 1)}
        frames = []
        for number in range(count):
            if count > 1:
                image.seek(number)
                _bound(image.width * image.height, count)  # again, for a GIF grows as it goes on
            if number in wanted:
                frames.append(_flat(image))
    return frames


def _bound(pixels: int, frames: int) -> None:
    """Refuse what would take long to unpack. Raises `TooLarge`."""
    if pixels > MAX_PIXELS:
        raise TooLarge(f"it has more than {MAX_PIXELS // 1_000_000} million pixels")
    if frames > 1 and max(pixels, FRAME_COSTS) * frames > MAX_UNPACKED:
        raise TooLarge(
            f"its {frames} frames have more than {MAX_UNPACKED // 1_000_000} million pixels"
        )


def _flat(image: Any) -> Any:
    from PIL import Image

    shown = image.convert("RGBA")
    shown.thumbnail((CODE_SIDE, CODE_SIDE))
    white = Image.new("RGBA", shown.size, "white")
    return Image.alpha_composite(white, shown).convert("RGB")


def _codes(frames: list[Any]) -> tuple[str, ...]:
    zxing = tools().codes
    found: dict[str, None] = {}
    for frame in frames:
        for code in zxing.read_barcodes(frame):
            product = str(code.format).rpartition(".")[2].upper().startswith(("EAN", "UPC"))
            found["product" if product else class_of(code.text)] = None
    return tuple(found)


def _text(frame: Any) -> str:
    lines, _ = tools().text(np.asarray(frame)[:, :, ::-1])
    return " ".join(line[1] for line in lines or ())[:MAX_TEXT]
