"""What is found in images that are drawn here."""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
from PIL import Image, ImageDraw

from processors.policy import load_pack, shipped_pack
from schemas.records import ImagePart
from streams.images import look, pool
from streams.images.look import class_of, look_into
from streams.images.pdq import pdq
from streams.images.pool import LookPool
from tests.streams.images.drawn import code, encoded, flag, gif, picture
from tests.streams.images.harmful import SLOW_S, looking
from tests.support import wait_until

FLAG = next(
    image.hash
    for detector in load_pack(shipped_pack()).detectors
    for image in detector.images
    if image.name == "national flag"
)


def distance(hashed: str) -> int:
    return (int(hashed, 16) ^ FLAG).bit_count()


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize(
    ("says", "name"),
    [
        ("https://u.wechat.com/EXAMPLE", "wechat"),
        ("https://example.com/x", "url"),
        ("www.example.com", "url"),
        ("example.com/path", "url"),
        ("wxp://f2f0EXAMPLE", "payment"),
        ("https://qr.alipay.com/EXAMPLE", "payment"),
        ("tel:000", "contact"),
        ("mailto:somebody", "contact"),
        ("BEGIN:VCARD\nFN:Nobody\nEND:VCARD", "contact"),
        ("只是一句话", "text"),
    ],
)
def test_a_code_is_told_by_its_class_and_never_by_what_it_says(says: str, name: str):
    assert class_of(says) == name
    facts = look_into(encoded(code(says)))
    assert facts.codes == (name,)
    assert says not in repr(facts)


@pytest.mark.obligation("CAC-08-6")
def test_a_small_code_in_the_corner_of_a_picture_is_found():
    image = picture(side=200)
    image.paste(code("https://example.com").resize((90, 90)), (100, 100))
    assert look_into(encoded(image, "JPEG", quality=85)).codes == ("url",)


@pytest.mark.obligation("CAC-08-6")
def test_a_code_in_a_later_frame_of_an_animation_is_found():
    frames = [picture(seed) for seed in range(4)] + [code("https://example.com").resize((200, 200))]
    body = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert look_into(body).codes == ("url",)


def test_a_code_on_a_transparent_ground_is_found():
    drawn = code("https://example.com").convert("RGBA")
    pixels = np.asarray(drawn).copy()
    pixels[pixels[:, :, 0] > 128, 3] = 0
    assert look_into(encoded(Image.fromarray(pixels))).codes == ("url",)


def test_a_picture_of_nothing_has_neither_codes_nor_likeness():
    for seed in range(20):
        facts = look_into(encoded(picture(seed), "JPEG"))
        assert (facts.checked, facts.codes) == (True, ())
        assert not facts.hash or distance(facts.hash) > 60


@pytest.mark.obligation("CAC-10-2")
@pytest.mark.parametrize("width", [60, 200, 640])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_flag_is_known_in_any_size_and_format_and_turned_around(width: int, form: str):
    facts = look_into(encoded(flag(600).resize((width, width * 2 // 3)), form))
    assert distance(facts.hash) <= 31
    turned = flag(600).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    facts = look_into(encoded(turned.resize((width, width * 2 // 3)), form))
    assert distance(facts.hash) > 31
    assert distance(facts.mirror_hash) <= 31


def test_a_plain_image_has_no_hash_that_could_be_taken_for_another():
    facts = look_into(encoded(Image.new("RGB", (200, 200), "red")))
    assert (facts.checked, facts.hash, facts.mirror_hash) == (True, "", "")
    assert ImagePart.HASH in facts.parts


def test_the_hash_is_that_of_the_library_of_its_makers():
    pdqhash = pytest.importorskip("pdqhash")
    for image in (flag(600), *map(picture, range(10))):
        pixels = np.asarray(image.convert("RGB").resize((256, 256)))
        bits, quality = pdqhash.compute(pixels)
        ours = pdq(pixels)
        theirs = int(np.packbits(bits).tobytes().hex(), 16)
        assert (int(ours.hash, 16) ^ theirs).bit_count() <= 4
        assert abs(ours.quality - quality) <= 1


@pytest.mark.parametrize(
    "body",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"<svg/>", encoded(picture(), "BMP")],
)
def test_bytes_that_are_no_image_are_told_as_such(body: bytes):
    facts = look_into(body)
    assert not facts.checked
    assert facts.detail.startswith("The image cannot be decoded")
    assert facts.parts == ()


def test_a_small_file_that_holds_a_huge_image_is_not_unpacked():
    body = encoded(Image.new("1", (6_000, 6_000)))
    assert len(body) < 200_000
    began = time.process_time()
    facts = look_into(body)
    assert not facts.checked
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_with_too_many_pixels_over_its_frames_is_not_unpacked(form: str):
    frames = [Image.new("1", (4_000, 4_000), number % 2) for number in range(7)]
    body = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    assert len(body) < 500_000
    began = time.process_time()
    facts = look_into(body)
    assert facts.detail == "The image is too large: its 7 frames have more than 100 million pixels."
    assert time.process_time() - began < 1.0


def test_an_animation_of_very_many_frames_is_not_unpacked():
    facts = look_into(gif((1, 1), [(1, 1)] * 20_000))
    assert facts.detail.startswith("The image is too large: its 20000 frames")


def test_an_animation_that_grows_as_it_goes_on_is_not_unpacked():
    facts = look_into(gif((1, 1), [(1, 1), (9_000, 9_000)]))
    assert facts.detail == "The image is too large: it has more than 20 million pixels."


def test_a_photograph_that_is_gone_over_again_and_again_is_not_unpacked():
    *before, last = encoded(picture(), "JPEG", progressive=True).split(b"\xff\xda")
    scan, end = last[:-2], last[-2:]
    assert look_into(b"\xff\xda".join([*before, *[scan] * 20]) + end).checked
    facts = look_into(b"\xff\xda".join([*before, *[scan] * 200]) + end)
    assert facts.detail == "The image is too large: it has more than 100 scans."


def test_whatever_fails_in_an_image_is_said_of_it(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(look, "pdq", fail)
    facts = look_into(encoded(picture()))
    assert facts.detail == "The image cannot be decoded: RuntimeError."


def test_without_a_library_its_part_counts_as_not_looked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(look, "tools", lambda: look.Tools(None, None))
    facts = look_into(encoded(code("https://example.com")))
    assert (facts.checked, facts.parts, facts.codes) == (True, (ImagePart.HASH,), ())


@pytest.mark.obligation("CAC-08-6")
def test_text_in_an_image_is_read():
    pytest.importorskip("rapidocr_onnxruntime")
    image = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(image).text((10, 80), "CALL 555 0100", fill="black", font_size=24)
    facts = look_into(encoded(image))
    assert "555" in facts.text
    assert ImagePart.TEXT in facts.parts


# -- the pool ----------------------------------------------------------------------------------


def test_the_processes_end_with_the_worker_that_is_killed():
    begun = (
        "import signal; from streams.images.pool import LookPool\n"
        "if __name__ == '__main__':\n"
        "    pool = LookPool(1); pool.look(b'')\n"
        "    print(*pool._all[0]._executor._processes, flush=True); signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", begun], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        process = psutil.Process(int(worker.stdout.readline()))
        worker.kill()
    process.wait(60)


def test_an_image_that_kills_or_stalls_its_process_harms_no_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "look_into", looking)
    ours = LookPool(1, seconds=120.0)
    try:
        good = encoded(code("https://example.com"))
        assert ours.look(b"die").detail == "Looking into the image made the decoder fail."
        assert ours.look(good).codes == ("url",)
        with monkeypatch.context() as impatient:
            impatient.setattr(ours, "_seconds", 1.0)
            assert ours.look(b"hang").detail == "Looking into the image took too long."
        assert ours.look(encoded(picture())).checked
    finally:
        ours.close()


def test_images_that_wait_behind_one_that_stalls_are_looked_into(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "look_into", looking)
    ours = LookPool(1, seconds=120.0)
    hasty = copy.copy(ours)  # shares the processes
    hasty._seconds = 3.0
    images = [encoded(picture(seed)) for seed in range(2)]
    try:
        with ThreadPoolExecutor(6) as threads:
            stalled = threads.submit(hasty.look, b"hang")
            wait_until(ours._idle.empty, 30, "it is under way")
            waiting = [threads.submit(ours.look, image) for image in images]
            assert stalled.result().detail == "Looking into the image took too long."
            assert all(one.result().checked for one in waiting)
    finally:
        ours.close()


def test_what_an_image_waits_for_its_turn_does_not_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "look_into", looking)
    ours = LookPool(1, seconds=SLOW_S * 2.5)
    images = [b"slow %d" % number for number in range(4)]
    try:
        with ThreadPoolExecutor(len(images)) as threads:
            found = list(threads.map(ours.look, images))
    finally:
        ours.close()
    assert len({facts.text for facts in found}) == 1, "no process was given up"
