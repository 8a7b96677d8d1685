"""A policy pack in memory, and what judging by it yields.

Every duration here is a choice of the operator. Order No. 10 asks for time limits but sets no
number; the defaults are this project's.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from processors.text import Entry, Match, View
from schemas.records import (
    AssociatedKey,
    ChangeKind,
    ComplaintCategory,
    Decision,
    Field,
    Finding,
    ImagePart,
    KeyKind,
    Mark,
    MeasureStep,
    SubjectKind,
    VerificationKind,
)

TEXT_FIELDS = (Field.NAME, Field.BIO, Field.SIGNATURE, Field.BADGE)
"""Fields that carry text for detectors; AVATAR and COVER carry references of images."""


class Message(Struct, frozen=True):
    """A text for people in both languages."""

    zh: str
    en: str


class DetectorKind(StrEnum):
    """Kinds of search a pack can name.

    ``WHOLE`` finds every text that is not empty, whole; ``TAKEN`` a name that belongs to another
    account, which only the check across accounts can tell. The last four look at what machines
    found, see `processors.policy.analyses`.
    """

    CONTACTS = "contacts"
    LEXICON = "lexicon"
    PROTECTED = "protected"
    CLAIMS = "claims"
    GAZETTEER = "gazetteer"
    WHOLE = "whole"
    TAKEN = "taken"
    IMAGE_CODES = "image-codes"
    KNOWN_IMAGES = "known-images"
    LOGO = "logo"
    LABELS = "labels"


MACHINE_KINDS = (
    DetectorKind.IMAGE_CODES,
    DetectorKind.KNOWN_IMAGES,
    DetectorKind.LOGO,
    DetectorKind.LABELS,
)
"""Kinds that look at what machines found in a value, not at its words."""


class KnownImage(Struct, frozen=True):
    """An image that is to be recognised by its perceptual hash (PDQ, 256 bits)."""

    hash: int
    name: str
    tag: str


class Detector(Struct, frozen=True):
    """A named search of a pack: its kind, its entries, and the names of places it knows.

    Where ``only_places`` is not set, a name that ends in a unit of a division is a place as well.
    ``views`` are what a lexicon is searched in beside the folded and the stripped form, ``signals``
    the words that a gazetteer looks for beside a place. ``names`` are the classes of codes or the
    labels that count, all where there are none; ``images`` the known images, found up to a
    ``distance`` in bits.
    """

    name: str
    kind: DetectorKind
    entries: tuple[Entry, ...] = ()
    places: tuple[str, ...] = ()
    views: tuple[View, ...] = tuple(View)
    signals: tuple[Entry, ...] = ()
    names: tuple[str, ...] = ()
    images: tuple[KnownImage, ...] = ()
    distance: int = 31
    only_places: bool = False


class Covers(StrEnum):
    """What a proof must say to be about what was found."""

    FOUND = "found"  # the same occupation, the same institution
    ANY = "any"  # any valid proof of the kind will do
    WORDS = "words"  # it holds one of the rule's ``proof_words``
    REGISTERED = "registered"  # the text is the registered name or an alias, or a part of it
    SCOPE = "scope"  # what was found lies in the registered scope, or in the registered name


class Mode(StrEnum):
    """Whether a rule is in force, in the order of its life.

    ``DRAFT`` is judged in backtests only, there as if in force. ``SHADOW`` is reported and has no
    consequence. ``RETIRED`` hits nothing any more, but still explains what once rested on it.
    """

    DRAFT = "DRAFT"
    SHADOW = "SHADOW"
    ENFORCE = "ENFORCE"
    RETIRED = "RETIRED"


class StatementGround(StrEnum):
    """What a restriction rests on, as a statement of reasons says (DSA Art. 17(3))."""

    ILLEGAL = "ILLEGAL"  # the law named in ``article``
    INCOMPATIBLE = "INCOMPATIBLE"  # the agreement with the user, in ``clause`` or ``article``


class StatementCategory(StrEnum):
    """Categories of the DSA Transparency Database, without their common beginning."""

    ANIMAL_WELFARE = "ANIMAL_WELFARE"
    CONSUMER_INFORMATION = "CONSUMER_INFORMATION"
    CYBER_VIOLENCE = "CYBER_VIOLENCE"
    CYBER_VIOLENCE_AGAINST_WOMEN = "CYBER_VIOLENCE_AGAINST_WOMEN"
    DATA_PROTECTION_AND_PRIVACY_VIOLATIONS = "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"
    ILLEGAL_OR_HARMFUL_SPEECH = "ILLEGAL_OR_HARMFUL_SPEECH"
    INTELLECTUAL_PROPERTY_INFRINGEMENTS = "INTELLECTUAL_PROPERTY_INFRINGEMENTS"
    NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS = (
        "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS"
    )
    NOT_SPECIFIED_NOTICE = "NOT_SPECIFIED_NOTICE"
    OTHER_VIOLATION_TC = "OTHER_VIOLATION_TC"
    PROTECTION_OF_MINORS = "PROTECTION_OF_MINORS"
    RISK_FOR_PUBLIC_SECURITY = "RISK_FOR_PUBLIC_SECURITY"
    SCAMS_AND_FRAUD = "SCAMS_AND_FRAUD"
    SELF_HARM = "SELF_HARM"
    UNSAFE_AND_PROHIBITED_PRODUCTS = "UNSAFE_AND_PROHIBITED_PRODUCTS"
    VIOLENCE = "VIOLENCE"


class StatementTerms(Struct, frozen=True):
    """How the statement of reasons on a restriction is classed."""

    category: StatementCategory
    ground: StatementGround


class Rule(Struct, frozen=True):
    """What a hit of a detector means.

    ``when`` is a condition in CEL that is asked for each match; empty for none. Where it cannot be
    evaluated the rule proposes HOLD, never less. ``since`` is when the rule came into force, in ms
    (0 for long ago): while it is new, `BrakeTerms` watch it. ``pack`` is the id of its pack.

    ``certain`` leaves out matches of outcome ``review``; without it such a match counts, but is
    never refused: a person decides. ``cleared`` is the decision once a proof of kind ``proof``
    covers what was found, and ``contradicted`` the decision when the account has such proofs but
    for something else; None leaves ``decision``. ``points`` is never positive and counts for
    ``points_days`` days (None: for good). ``measure`` is the step at which the ladder is entered
    when the value is live. ``mark`` is what is to be shown with the account where the rule comes to
    ALLOW_LABELLED; ``{tag}`` in it stands for the tag of what was found. ``threshold`` is the score
    in thousandths from which a label counts.
    """

    id: str
    obligation: str
    article: str
    mode: Mode
    detector: str
    fields: tuple[Field, ...]
    subjects: tuple[SubjectKind, ...]  # () means every kind
    decision: Decision
    severity: int  # 1 to 4, 4 the gravest
    points: int
    message: Message
    remedy: Message
    certain: bool = False
    proof: VerificationKind | None = None
    proof_covers: Covers = Covers.FOUND
    proof_words: tuple[str, ...] = ()
    cleared: Decision | None = None
    contradicted: Decision | None = None
    points_days: int | None = None
    measure: MeasureStep | None = None
    categories: tuple[ComplaintCategory, ...] = ()  # complaints that ask for this rule
    mark: Message | None = None
    clause: str = ""  # of the operator's agreement with the user
    when: str = ""
    since: int = 0
    statement: StatementTerms | None = None
    pack: str = ""
    threshold: int = 0


class Level(Struct, frozen=True):
    """A credit level: reached at ``minimum``; ``measure`` holds while the account is on it.

    ``functions`` names what that measure restricts, where it is not what its step does. ``review``,
    HOLD or STRICT_HOLD, is what becomes of a change that would be allowed. ``rename_days`` is the
    rest between two renames, where that is longer than for all.
    """

    name: str
    minimum: int
    measure: MeasureStep | None = None
    functions: tuple[str, ...] = ()
    review: Decision | None = None
    rename_days: int = 0


class CreditTerms(Struct, frozen=True):
    """Score that an account begins with (0 to 1000), and the levels, best first, last from 0.

    For every ``repair_days`` without a new entry the oldest entry that lowers the score is repaired
    by ``repair_points``; 0 days for no repair.
    """

    base: int
    levels: tuple[Level, ...]
    repair_days: int = 0
    repair_points: int = 0


class LadderTerms(Struct, frozen=True):
    """Lengths of the measures (Art. 17), in days.

    ``functions`` names what of the service a step restricts, as the executor knows it, and
    ``function_names`` how notices call it. ``bar_days``
    goes by severity 1 to 4, 0 for no end. ``reminder_share`` is the part of the
    correction time after which the account is reminded. A suspension for want of correction lasts
    ``suspend_days`` and then becomes a closure.
    """

    correct_days: int = 7
    reminder_share: float = 0.5
    restrict_days: int = 7
    suspend_days: int = 30
    bar_days: tuple[int, int, int, int] = (30, 180, 365, 0)
    appeal_days: int = 180
    functions: Mapping[MeasureStep, tuple[str, ...]] = {}
    function_names: Mapping[str, Message] = {}


class ReviewTerms(Struct, frozen=True):
    """How long a person may take over a hold, and an account over material.

    ``capacity_per_day`` is what the reviewers of one partition settle in a day, ``oldest_hours``
    how long something may wait for one; beyond either doubtful changes are held. 0: no limit.
    """

    hold_hours: int = 72
    strict_hours: int = 72
    material_days: int = 7
    capacity_per_day: int = 0
    oldest_hours: int = 0

    @property
    def limited(self) -> bool:
        """Whether there is a limit to what may wait."""
        return bool(self.capacity_per_day or self.oldest_hours)


class NoticePart(StrEnum):
    """What a complaint must bring to be accepted (DSA Art. 16(2))."""

    REASONS = "REASONS"  # ``statement``
    LOCATION = "LOCATION"  # ``field``
    CONTACT = "CONTACT"  # ``complainant_token``
    GOOD_FAITH = "GOOD_FAITH"  # ``good_faith``


class MisuseTerms(Struct, frozen=True):
    """When complaints are misuse, and what follows: a warning first, then a limit.

    A complaint that was dismissed counts one point, a manifestly unfounded one ``manifest_points``.
    Who has ``warn_points`` within ``window_days``, and at least this ``share`` of decided ones
    without reason, is warned; who has ``limit_points`` more after that is not heard for
    ``limit_days``. From ``trusted_from`` upheld complaints on, if they are the most, a complainant
    is trusted.
    """

    window_days: int = 90
    share: float = 0.5
    manifest_points: int = 2
    warn_points: int = 3
    limit_points: int = 3
    limit_days: int = 30
    trusted_from: int = 3


class ComplaintTerms(Struct, frozen=True):
    """Days until feedback, and the priority (1 most urgent, 4 least) of every category.

    Evidence that is asked for may be brought within ``evidence_days``; complaints of the categories
    ``evidence_for`` that bring none, and that no rule answers, are asked for it. Without ``misuse``
    nobody asks who complains.
    """

    feedback_days: int
    priorities: Mapping[ComplaintCategory, int]
    evidence_days: int = 3
    evidence_for: tuple[ComplaintCategory, ...] = ()
    notice: tuple[NoticePart, ...] = ()  # what a complaint must bring
    misuse: MisuseTerms | None = None


class ReportTerms(Struct, frozen=True):
    """Hours until a disposal is reported, and the step from which one is reported at all.

    With ``confirm`` whoever delivers reports says so by a ruling; what is not delivered in time is
    a breach.
    """

    hours: int = 24
    from_step: MeasureStep = MeasureStep.WARN
    confirm: bool = False


class Facet(StrEnum):
    """What the page of a public account shows (Order No. 10, Art. 13)."""

    ENTITY = "ENTITY"  # who operates it
    ADDRESS = "ADDRESS"  # where that is registered
    CATEGORY = "CATEGORY"  # what content it produces
    CREDIT_CODE = "CREDIT_CODE"  # unified social credit code
    CONTACT = "CONTACT"
    IP_LOCATION = "IP_LOCATION"


class DutyTerms(Struct, frozen=True):
    """What an account owes whatever its values say; no change is allowed before it is there.

    ``agreement``: an accepted version of the agreement (Art. 6). ``identity``: a verified identity
    (Art. 9). ``page``: facets that the page of a public account must have, verified (Art. 13).
    ``unseen``: asked for of accounts, too, whose registration was before our time.
    """

    agreement: bool = False
    identity: bool = False
    page: tuple[Facet, ...] = ()
    unseen: bool = False


class BrakeTerms(Struct, frozen=True):
    """When automatic disposal stops, counted on event time in each partition.

    A rule that is younger than ``new_hours`` and hits more than ``share`` of the changes, of at
    least ``least_changes``, loses its power. Of each step in ``quotas`` at most so many measures
    begin automatically in ``quota_hours``; what goes beyond waits for a person.
    """

    new_hours: int = 24
    share: float = 0.05
    least_changes: int = 200
    quotas: Mapping[MeasureStep, int] = {}
    quota_hours: int = 24


class Guard(StrEnum):
    """Whether what waits for review exceeds what reviewers can settle (Art. 14)."""

    OFF = "OFF"
    ON = "ON"
    BEGINS = "BEGINS"  # on, and a person is told with this turn


class Pause(Struct, frozen=True):
    """A directive that holds changes (Art. 21). ``until`` in ms; an empty part covers all.

    An account ending in ``*`` covers all whose id begins so. ``regions`` are IP labels.
    """

    id: str
    reason: str
    until: int
    kinds: tuple[ChangeKind, ...]
    fields: tuple[Field, ...] = ()
    subjects: tuple[SubjectKind, ...] = ()
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


class ImageTerms(Struct, frozen=True):
    """What is asked of images before a change is allowed.

    A look is asked for into images of the fields in ``asked`` and ``required``. A change of a field
    in ``required`` waits for it up to ``wait_minutes``. Where that failed, ``unchecked`` decides:
    HOLD for a person, or ALLOW.
    """

    required: tuple[Field, ...] = ()
    wait_minutes: int = 10
    unchecked: Decision = Decision.HOLD
    asked: tuple[Field, ...] = ()


class AcrossTerms(Struct, frozen=True):
    """How accounts are checked against one another (Art. 10).

    ``weights`` is what each key counts that an account shares with a closed one under a bar; from
    ``threshold`` on the change is verified strictly. A person may have ``persons`` accounts, an
    organisation ``organisations``; 0 for any number. ``registrations_a_day`` limits registrations
    with one device or one avatar within a day.
    """

    weights: Mapping[KeyKind, int]
    threshold: int = 60
    persons: int = 1
    organisations: int = 2
    registrations_a_day: Mapping[KeyKind, int] = {}


class NameTerms(Struct, frozen=True):
    """How often a name may change: days between two renames, names tried in a day; 0: any."""

    cooldown_days: int = 0
    tries_a_day: int = 0


class SweepTerms(Struct, frozen=True):
    """When existing accounts are verified anew (Art. 15).

    All of them every ``days``, public accounts and those with a badge every ``marked_days``; 0 for
    never. ``after_activation``: also once the pack was put in force.
    """

    days: int = 0
    marked_days: int = 0
    after_activation: bool = False


class GroundTerms(Struct, frozen=True):
    """What a pack has measures rest on that no rule of it has caused, such as an order of a person.

    ``clause`` is that of the agreement with the user, where there is one.
    """

    obligation: str
    article: str
    clause: str = ""


class GroundsTerms(Struct, frozen=True):
    """The grounds of a pack for what no rule causes; None for that which Order No. 10 gives."""

    identity: GroundTerms | None = None
    agreement: GroundTerms | None = None
    page: GroundTerms | None = None
    institution: GroundTerms | None = None
    reregistration: GroundTerms | None = None
    credit: GroundTerms | None = None
    ruling: GroundTerms | None = None


class StatementsTerms(Struct, frozen=True):
    """A pack under which restrictions have a statement of reasons (DSA Art. 17).

    ``otherwise`` classes what no rule with terms of its own has caused; ``redress`` tells where
    else the account holder may turn to.
    """

    otherwise: StatementTerms
    redress: Message


class NoticeLanguage(StrEnum):
    """A language in which persons are told something."""

    ZH = "zh"
    EN = "en"


class Pack(Struct, frozen=True):
    """A policy pack, checked and whole. ``hash`` is the SHA-256 of its files, in hex.

    ``parts`` are the packs that one is composed of, the first one first; empty for a pack by itself
    (see `processors.policy.composition`).
    ``language`` is that of words for a person whose language is not known.
    ``pauses`` are in force with it by directives, ``guard`` is on by the backlog of review; the
    hash is then one of pack and these.
    """

    id: str
    version: str
    hash: str
    title: Message
    detectors: tuple[Detector, ...]
    rules: tuple[Rule, ...]
    credit: CreditTerms
    ladder: LadderTerms
    review: ReviewTerms
    complaints: ComplaintTerms
    report: ReportTerms
    duties: DutyTerms = DutyTerms()
    brakes: BrakeTerms = BrakeTerms()
    statements: StatementsTerms | None = None
    parts: "tuple[Pack, ...]" = ()
    pauses: tuple[Pause, ...] = ()
    images: ImageTerms = ImageTerms()
    across: AcrossTerms | None = None
    names: NameTerms = NameTerms()
    grounds: GroundsTerms = GroundsTerms()
    guard: Guard = Guard.OFF
    sweep: SweepTerms = SweepTerms()
    language: NoticeLanguage = NoticeLanguage.ZH


class AccountView(Protocol):
    """What conditions may know of the account itself."""

    @property
    def registered(self) -> bool:
        """Whether its registration was seen."""

    @property
    def seq(self) -> int:
        """Inputs applied to it so far, the present one included."""

    @property
    def language(self) -> str | None:
        """Language of its notices."""

    @property
    def place(self) -> str | None:
        """Its IP label."""

    @property
    def ledger(self) -> Sequence[Any]:
        """Live entries of its credit ledger, each with ``points``."""

    def live_measures(self) -> Sequence[Any]:
        """Measures in force."""


class Labelled(NamedTuple):
    """A class that a classifier gave a value; ``score`` in thousandths."""

    source: str
    label: str
    score: int


class Analysis(Struct, array_like=True, frozen=True):
    """What machines found in one value of a field; ``value`` is a digest of it.

    ``checked`` is None until an image was tried, False where it could not be looked into, and then
    ``detail`` says why. ``parts`` is what it was looked into for.
    """

    field: Field
    value: bytes
    checked: bool | None = None
    detail: str = ""
    parts: tuple[ImagePart, ...] = ()
    codes: tuple[str, ...] = ()
    text: str = ""
    hash: bytes = b""
    mirror: bytes = b""
    labels: tuple[Labelled, ...] = ()


class SubjectView(Struct, frozen=True, gc=False):
    """What judging knows of the account: its kind and what the proofs valid now say.

    ``proofs`` holds their values, and the other names an institution goes by; ``scopes`` the
    registered scopes of institutions. ``account`` is the account itself, where there is one, and
    ``event`` the event or deadline that led to judging it. ``analyses`` is what machines found in
    the account's values, ``logos`` the hashes of its registered logos. ``aside`` are the rules that
    a person has set aside for the new value of a field.
    """

    kind: SubjectKind
    proofs: Mapping[VerificationKind, tuple[str, ...]]
    scopes: tuple[str, ...] = ()
    account: AccountView | None = None
    event: str = ""
    analyses: Sequence[Analysis] = ()
    logos: tuple[bytes, ...] = ()
    aside: frozenset[tuple[str, Field]] = frozenset()


class Hit(NamedTuple):
    """A match and the detector of the pack that made it; ``score`` in thousandths."""

    detector: str
    match: Match
    score: int = 1000
    detail: str = ""


class Proposal(NamedTuple):
    """A rule in force that hit and was not cleared; ``mark`` where it was, to be labelled."""

    rule: Rule
    field: Field
    finding: Finding
    mark: Mark | None = None


class Judgement(Struct, frozen=True, gc=False):
    """The decision on a change.

    ``findings`` holds every rule that hit, shadow rules and cleared ones too, in the order of rule
    id, field and span. ``proposals`` holds those that ask for something, most severe first.
    ``reason`` is one sentence in English. ``marks`` are to be shown where the decision is
    ALLOW_LABELLED. ``missing`` names duties of the account that are not met. ``shadow_decision``
    is what it would have been with all rules in force, None where that is the same. ``unchecked``
    names fields whose image was not looked into for all that the rules ask, ``awaited`` those of
    them that nobody has tried yet; ``awaiting`` says that nothing but such an image keeps the
    change from being allowed. ``association`` are the keys that it
    shares with closed accounts.
    """

    decision: Decision
    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]
    reason: str
    marks: tuple[Mark, ...] = ()
    missing: tuple[str, ...] = ()
    shadow_decision: Decision | None = None
    unchecked: tuple[Field, ...] = ()
    awaited: tuple[Field, ...] = ()
    awaiting: bool = False
    association: tuple[AssociatedKey, ...] = ()
