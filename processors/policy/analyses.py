"""What machines found in values, and how it becomes hits of a pack's detectors.

An image is never looked into here: what the image worker found in it, and what classifiers of the
operator say of any value, come in as inputs and are kept with the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b

from msgspec.structs import replace

from processors.policy.model import (
    Analysis,
    Detector,
    DetectorKind,
    Hit,
    ImageTerms,
    Judgement,
    Mode,
    Rule,
)
from processors.text import Match, Outcome
from schemas.records import Decision, Field, ImagePart, SubjectKind

IMAGE_FIELDS = (Field.AVATAR, Field.COVER)
"""Fields that carry references of images."""


class CodeClass(StrEnum):
    """Classes of QR codes and barcodes, by what they say."""

    URL = "url"
    WECHAT = "wechat"  # adds a contact or a group of the messenger
    PAYMENT = "payment"
    CONTACT = "contact"  # telephone, e-mail, card of a person
    PRODUCT = "product"  # barcode of goods
    TEXT = "text"  # anything else


MIRRORED = "mirrored"
"""Technique of a known image that was turned around."""

PART_OF = {
    DetectorKind.IMAGE_CODES: ImagePart.CODES,
    DetectorKind.KNOWN_IMAGES: ImagePart.HASH,
    DetectorKind.LOGO: ImagePart.HASH,
}
"""What a detector needs an image to be looked into for; those of text need its text."""


_OF_NO_IMAGE = (DetectorKind.LABELS, DetectorKind.WHOLE, DetectorKind.TAKEN)
"""Kinds that look at a field without a look into its image."""


def value_digest(value: str) -> bytes:
    """Eight bytes that stand for a value."""
    return blake2b(value.encode(), digest_size=8).digest()


def find(analyses: Iterable[Analysis], field: Field, value: str) -> Analysis | None:
    """The analysis of a value of a field, or None."""
    wanted = value_digest(value)
    return next((a for a in analyses if a.field is field and a.value == wanted), None)


def hits_in(
    detectors: Iterable[Detector], analysis: Analysis, logos: Sequence[bytes] = ()
) -> Iterator[Hit]:
    """What the detectors of images and labels find in an analysis.

    ``logos`` are the hashes of the account's registered logos.
    """
    for detector in detectors:
        if detector.kind is DetectorKind.IMAGE_CODES:
            for code in dict.fromkeys(analysis.codes):
                if not detector.names or code in detector.names:
                    yield Hit(detector.name, _match(code, code, "code"))
        elif detector.kind is DetectorKind.LABELS:
            for one in analysis.labels:
                if not detector.names or one.label in detector.names:
                    match = _match(one.label, one.label, "label")
                    yield Hit(detector.name, match, one.score, f"score {one.score / 1000:.3g}")
        elif detector.kind is DetectorKind.KNOWN_IMAGES and analysis.hash:
            yield from _known(detector, analysis)
        elif detector.kind is DetectorKind.LOGO and logos and analysis.checked:
            yield from _unlike(detector, analysis, logos)


def _known(detector: Detector, analysis: Analysis) -> Iterator[Hit]:
    """Known images that the image is near to, as it is or mirrored."""
    seen = int.from_bytes(analysis.hash)
    mirrored = int.from_bytes(analysis.mirror)
    for image in detector.images:
        straight, turned = (seen ^ image.hash).bit_count(), (mirrored ^ image.hash).bit_count()
        distance = min(straight, turned) if analysis.mirror else straight
        if distance <= detector.distance:
            technique = "plain" if straight == distance else MIRRORED
            match = _match(image.name, image.tag, "image", technique)
            yield Hit(detector.name, match, 1000, f"distance {distance}")


def _unlike(detector: Detector, analysis: Analysis, logos: Sequence[bytes]) -> Iterator[Hit]:
    """That an image is none of the registered logos, or too plain to be compared with them."""
    match = _match("logo", "logo", "logo")
    if not analysis.hash:
        yield Hit(detector.name, match, 1000, "it is too plain to be compared")
        return
    seen = int.from_bytes(analysis.hash)
    distance = min((seen ^ int.from_bytes(logo)).bit_count() for logo in logos)
    if distance > detector.distance:
        yield Hit(detector.name, match, 1000, f"distance {distance}")


def _match(entry: str, tag: str, kind: str, technique: str = "plain") -> Match:
    return Match(entry, tag, kind, "image", technique, Outcome.REJECT, 0, 0)


def parts_by_field(
    rules: Iterable[Rule], detectors: Iterable[Detector]
) -> Mapping[tuple[SubjectKind, Field], frozenset[ImagePart]]:
    """What the rules in force ask an image to be looked into for, by subject and field."""
    kinds = {detector.name: detector.kind for detector in detectors}
    table: dict[tuple[SubjectKind, Field], frozenset[ImagePart]] = {}
    for rule in rules:
        kind = kinds[rule.detector]
        if rule.mode != Mode.ENFORCE or kind in _OF_NO_IMAGE:
            continue
        part = PART_OF.get(kind, ImagePart.TEXT)
        for field in IMAGE_FIELDS:
            if field in rule.fields:
                for subject in rule.subjects or SubjectKind:
                    known = table.get((subject, field), frozenset())
                    table[subject, field] = known | {part}
    return table


def with_unchecked(
    judgement: Judgement, terms: ImageTerms, unchecked: Sequence[Field], awaited: set[Field]
) -> Judgement:
    """A judgement, given that some images were not looked into; ``awaited`` still may be."""
    judgement = replace(
        judgement, unchecked=tuple(unchecked), awaited=tuple(f for f in unchecked if f in awaited)
    )
    if judgement.decision not in (Decision.ALLOW, Decision.ALLOW_LABELLED):
        return judgement
    required = [field for field in unchecked if field in terms.required]
    if awaited.intersection(required):
        why = f"It waits until the image of the {_listed(required)} was looked into."
        return replace(judgement, decision=Decision.HOLD, reason=why, marks=(), awaiting=True)
    if required and terms.unchecked is Decision.HOLD:
        why = f"The image of the {_listed(required)} was not looked into; a person decides."
        return replace(judgement, decision=Decision.HOLD, reason=why, marks=())
    why = f"{judgement.reason} The image of the {_listed(unchecked)} was not looked into."
    return replace(judgement, reason=why)


def _listed(fields: Sequence[Field]) -> str:
    return " and the ".join(field.lower() for field in fields)
