"""Reads the terms of a pack: credit, ladder, review, complaints, reports.

The bounds are this project's, not the Order's, which sets no number.
"""

from collections.abc import Mapping
from itertools import pairwise

from processors.policy.analyses import IMAGE_FIELDS
from processors.policy.model import (
    AcrossTerms,
    BrakeTerms,
    ComplaintTerms,
    CreditTerms,
    DutyTerms,
    Facet,
    GroundsTerms,
    GroundTerms,
    ImageTerms,
    LadderTerms,
    Level,
    Message,
    MisuseTerms,
    NameTerms,
    NoticePart,
    ReportTerms,
    ReviewTerms,
    StatementCategory,
    StatementGround,
    StatementsTerms,
    StatementTerms,
    SweepTerms,
)
from processors.policy.tree import Table
from schemas.records import ComplaintCategory, Decision, Field, KeyKind, MeasureStep

_YEAR = 3660  # no term is longer than ten years, in days
_LADDER = LadderTerms()
_REVIEW = ReviewTerms()
_REPORT = ReportTerms()
_DUTIES = DutyTerms()
_BRAKES = BrakeTerms()
_IMAGES = ImageTerms()
_NAMES = NameTerms()
_SWEEP = SweepTerms()
_WEIGHTS = {
    KeyKind.IDENTITY: 100,
    KeyKind.CONTACT: 60,
    KeyKind.CREDIT_CODE: 100,
    KeyKind.DEVICE: 40,
    KeyKind.NAME: 30,
    KeyKind.AVATAR: 30,
}
_ACROSS = AcrossTerms(_WEIGHTS, registrations_a_day={KeyKind.DEVICE: 10, KeyKind.AVATAR: 20})
_SCORES = (0, 1000)


def read_message(table: Table, key: str) -> Message:
    """A message in both languages."""
    inner = table.table(key, f"{key} of {table.what}", required=False)
    if inner is None:
        table.note("missing-message", f"{table.what} needs {key!r} in zh and en")
        return Message("", "")
    texts = {language: inner.text(language, "") for language in ("zh", "en")}
    for language, text in texts.items():
        if not text:
            inner.note("missing-message", f"{inner.what} has no text in {language!r}")
    inner.close()
    return Message(texts["zh"], texts["en"])


def read_credit(pack: Table) -> CreditTerms:
    """Where the score begins, and the levels; best first, apart, the last from 0."""
    table = pack.table("credit", "credit")
    if table is None:
        return CreditTerms(0, ())
    base = table.number("base", *_SCORES)
    levels = []
    for item in table.tables("levels", "a credit level"):
        level = Level(
            item.text("name"),
            item.number("minimum", *_SCORES),
            item.option("measure", MeasureStep),
            item.texts("functions"),
            _read_depth(item),
            item.number("rename_days", 0, _YEAR, 0),
        )
        item.close()
        levels.append(level)
    days, points = _read_repair(table)
    table.close()
    _check_levels(table, base, levels)
    return CreditTerms(base, tuple(levels), days, points)


def _read_depth(level: Table) -> Decision | None:
    """What becomes of a change that would be allowed; nothing else by default."""
    review = level.option("review", Decision)
    if review in (None, Decision.HOLD, Decision.STRICT_HOLD):
        return review
    level.note("unknown-value", "a level reviews by HOLD or STRICT_HOLD", key="review")
    return None


def _read_repair(credit: Table) -> tuple[int, int]:
    """Days without a new entry, and the points that they give back; none by default."""
    table = credit.table("repair", "repair of credit", required=False)
    if table is None:
        return 0, 0
    days, points = table.number("days", 1, _YEAR), table.number("points", 1, 1000)
    table.close()
    return days, points


def _check_levels(table: Table, base: int, levels: list[Level]) -> None:
    if not levels:
        table.note("level-order", "credit needs at least one level", key="levels")
        return
    for better, worse in pairwise(levels):
        if worse.minimum >= better.minimum:
            message = f"level {worse.name!r} must begin below level {better.name!r}"
            table.note("level-order", message, "list the best level first", key="levels")
    if levels[-1].minimum != 0:
        table.note(
            "level-order", f"the last level, {levels[-1].name!r}, must begin at 0", key="levels"
        )
    if len({level.name for level in levels}) < len(levels):
        table.note("level-order", "two levels have the same name", key="levels")
    start = next((level for level in levels if level.minimum <= base), levels[-1])
    if start.measure is not None or start.review is not None:
        what = "measure" if start.measure is not None else "review"
        message = f"accounts would begin at level {start.name!r}, which has a {what}"
        table.note("level-order", message, "raise the base or lower the level", key="base")


def read_ladder(pack: Table) -> LadderTerms:
    """Lengths of the measures, in days."""
    table = pack.table("ladder", "ladder", required=False)
    if table is None:
        return _LADDER
    bars = _read_bars(table)
    terms = LadderTerms(
        correct_days=table.number("correct_days", 1, 30, _LADDER.correct_days),
        reminder_share=table.share("reminder_share", _LADDER.reminder_share),
        restrict_days=table.number("restrict_days", 1, _YEAR, _LADDER.restrict_days),
        suspend_days=table.number("suspend_days", 1, _YEAR, _LADDER.suspend_days),
        bar_days=bars,
        appeal_days=table.number("appeal_days", 1, _YEAR, _LADDER.appeal_days),
        functions=_read_functions(table),
        function_names=_read_function_names(table),
    )
    table.close()
    return terms


def _read_function_names(ladder: Table) -> dict[str, Message]:
    """What notices call the functions that are restricted, in both languages."""
    names = {}
    for table in ladder.tables("function_names", "a function name", required=False):
        names[table.text("function")] = Message(table.text("zh"), table.text("en"))
        table.close()
    return names


def _read_functions(ladder: Table) -> dict[MeasureStep, tuple[str, ...]]:
    """What of the service each step restricts, by the names that the executor knows."""
    table = ladder.table("functions", "functions of ladder", required=False)
    if table is None:
        return {}
    named = {step: table.texts(step.value) for step in MeasureStep if table.has(step.value)}
    table.close()
    return named


def _read_bars(table: Table) -> tuple[int, int, int, int]:
    if not table.has("bar_days"):
        return _LADDER.bar_days
    try:
        one, two, three, four = (int(text) for text in table.texts("bar_days"))
    except ValueError:
        message = "'bar_days' of ladder must be four whole numbers, one for each severity"
        table.note("wrong-type", message, key="bar_days")
        return _LADDER.bar_days
    if min(one, two, three, four) < 0:
        table.note("out-of-range", "'bar_days' of ladder must not be negative", key="bar_days")
    return one, two, three, four


def read_review(pack: Table) -> ReviewTerms:
    """How long a person may take, and an account over material."""
    table = pack.table("review", "review", required=False)
    if table is None:
        return _REVIEW
    terms = ReviewTerms(
        hold_hours=table.number("hold_hours", 1, 24 * _YEAR, _REVIEW.hold_hours),
        strict_hours=table.number("strict_hours", 1, 24 * _YEAR, _REVIEW.strict_hours),
        material_days=table.number("material_days", 1, _YEAR, _REVIEW.material_days),
        capacity_per_day=table.number("capacity_per_day", 0, 1_000_000, _REVIEW.capacity_per_day),
        oldest_hours=table.number("oldest_hours", 0, 24 * _YEAR, _REVIEW.oldest_hours),
    )
    table.close()
    return terms


def read_complaints(pack: Table) -> ComplaintTerms:
    """Days until feedback, and a priority for every category of complaint."""
    table = pack.table("complaints", "complaints")
    if table is None:
        return ComplaintTerms(7, {})
    days = table.number("feedback_days", 1, 21, 7)
    inner = table.table("priorities", "priorities of complaints")
    priorities = {}
    if inner is not None:
        priorities = {
            category: inner.number(category.value, 1, 4) for category in ComplaintCategory
        }
        inner.close()
    evidence_days, evidence_for = _read_evidence(table)
    notice = table.choices("notice", NoticePart)
    misuse = _read_misuse(table)
    table.close()
    return ComplaintTerms(days, priorities, evidence_days, evidence_for, notice, misuse)


def _read_misuse(complaints: Table) -> MisuseTerms | None:
    """When complaints are misuse; None, and nobody asks who complains, where it is left out."""
    table = complaints.table("misuse", "misuse of complaints", required=False)
    if table is None:
        return None
    given = MisuseTerms()
    terms = MisuseTerms(
        window_days=table.number("window_days", 1, _YEAR, given.window_days),
        share=table.share("share", given.share),
        manifest_points=table.number("manifest_points", 1, 100, given.manifest_points),
        warn_points=table.number("warn_points", 1, 32, given.warn_points),
        limit_points=table.number("limit_points", 1, 32, given.limit_points),
        limit_days=table.number("limit_days", 1, _YEAR, given.limit_days),
        trusted_from=table.number("trusted_from", 1, 32, given.trusted_from),
    )
    table.close()
    return terms


def _read_evidence(complaints: Table) -> tuple[int, tuple[ComplaintCategory, ...]]:
    """Time to bring evidence, and the categories of complaint that need some."""
    default = ComplaintTerms(0, {}).evidence_days
    table = complaints.table("evidence", "evidence of complaints", required=False)
    if table is None:
        return default, ()
    days = table.number("days", 1, 21, default)
    categories = table.choices("categories", ComplaintCategory)
    table.close()
    return days, categories


def read_report(pack: Table) -> ReportTerms:
    """Until when a disposal is reported, and from which step."""
    table = pack.table("report", "report", required=False)
    if table is None:
        return _REPORT
    terms = ReportTerms(
        hours=table.number("hours", 1, 24 * _YEAR, _REPORT.hours),
        from_step=table.choice("from_step", MeasureStep, _REPORT.from_step),
        confirm=table.flag("confirm"),
    )
    table.close()
    return terms


def read_duties(pack: Table) -> DutyTerms:
    """What accounts owe whatever their values say; nothing by default."""
    table = pack.table("duties", "duties", required=False)
    if table is None:
        return _DUTIES
    terms = DutyTerms(
        agreement=table.flag("agreement"),
        identity=table.flag("identity"),
        page=table.choices("page", Facet),
        unseen=table.flag("unseen"),
    )
    table.close()
    return terms


def read_brakes(pack: Table) -> BrakeTerms:
    """When automatic disposal stops by itself; no quotas by default."""
    table = pack.table("brakes", "brakes", required=False)
    if table is None:
        return _BRAKES
    quotas: dict[MeasureStep, int] = {}
    inner = table.table("quotas", "quotas of brakes", required=False)
    if inner is not None:
        quotas = {s: inner.number(s.value, 0, 1_000_000) for s in MeasureStep if inner.has(s.value)}
        inner.close()
    terms = BrakeTerms(
        new_hours=table.number("new_hours", 1, 24 * 30, _BRAKES.new_hours),
        share=table.share("share", _BRAKES.share),
        least_changes=table.number("least_changes", 1, 1_000_000, _BRAKES.least_changes),
        quotas=quotas,
        quota_hours=table.number("quota_hours", 1, 24 * 30, _BRAKES.quota_hours),
    )
    table.close()
    return terms


def read_images(pack: Table) -> ImageTerms:
    """What is asked of images before a change is allowed; nothing by default."""
    table = pack.table("images", "images", required=False)
    if table is None:
        return _IMAGES
    terms = ImageTerms(
        asked=table.choices("asked", Field),
        required=table.choices("required", Field),
        wait_minutes=table.number("wait_minutes", 1, 1440, _IMAGES.wait_minutes),
        unchecked=table.choice("unchecked", Decision, _IMAGES.unchecked),
    )
    if terms.unchecked not in (Decision.HOLD, Decision.ALLOW):
        table.note("unknown-value", "'unchecked' of images is HOLD or ALLOW", key="unchecked")
    for key, fields in (("asked", terms.asked), ("required", terms.required)):
        if set(fields) - set(IMAGE_FIELDS):
            table.note("unknown-value", "only AVATAR and COVER hold an image", key=key)
    table.close()
    return terms


def read_across(pack: Table) -> AcrossTerms | None:
    """How accounts are checked against one another; None, and not at all, where it is left out."""
    table = pack.table("across", "across", required=False)
    if table is None:
        return None
    terms = AcrossTerms(
        weights=_read_counts(table, "weights", _ACROSS.weights, 1000),
        threshold=table.number("threshold", 1, 10_000, _ACROSS.threshold),
        persons=table.number("persons", 0, 10_000, _ACROSS.persons),
        organisations=table.number("organisations", 0, 10_000, _ACROSS.organisations),
        registrations_a_day=_read_counts(
            table, "registrations_a_day", _ACROSS.registrations_a_day, 1_000_000
        ),
    )
    table.close()
    return terms


def _read_counts(
    across: Table, key: str, defaults: Mapping[KeyKind, int], most: int
) -> Mapping[KeyKind, int]:
    """A number for each kind of key that ``defaults`` has; one that is left out has its default."""
    table = across.table(key, f"{key} of {across.what}", required=False)
    if table is None:
        return defaults
    counts = {kind: table.number(kind.value, 0, most, given) for kind, given in defaults.items()}
    table.close()
    return counts


def read_names(pack: Table) -> NameTerms:
    """How often a name may change."""
    table = pack.table("names", "names", required=False)
    if table is None:
        return _NAMES
    terms = NameTerms(
        cooldown_days=table.number("cooldown_days", 0, _YEAR, _NAMES.cooldown_days),
        tries_a_day=table.number("tries_a_day", 0, 10_000, _NAMES.tries_a_day),
    )
    table.close()
    return terms


def read_sweep(pack: Table) -> SweepTerms:
    """When existing accounts are verified anew; by default never of itself."""
    table = pack.table("sweep", "sweep", required=False)
    if table is None:
        return _SWEEP
    terms = SweepTerms(
        days=table.number("days", 0, _YEAR, _SWEEP.days),
        marked_days=table.number("marked_days", 0, _YEAR, _SWEEP.marked_days),
        after_activation=table.flag("after_activation"),
    )
    table.close()
    return terms


def read_statement(owner: Table, key: str) -> StatementTerms | None:
    """How statements of reasons are classed; None where nothing is said."""
    table = owner.table(key, f"{key} of {owner.what}")
    if table is None:
        return None
    terms = StatementTerms(
        category=table.choice("category", StatementCategory),
        ground=table.choice("ground", StatementGround),
    )
    table.close()
    return terms


def read_grounds(pack: Table) -> GroundsTerms:
    """What measures rest on that no rule has caused; by default Order No. 10."""
    table = pack.table("grounds", "grounds", required=False)
    if table is None:
        return GroundsTerms()
    found = {}
    for name in GroundsTerms.__struct_fields__:
        inner = table.table(name, f"the ground {name}", required=False)
        if inner is not None:
            found[name] = GroundTerms(
                inner.text("obligation"), inner.text("article"), inner.text("clause", "")
            )
            inner.close()
    table.close()
    return GroundsTerms(**found)


def read_statements(pack: Table) -> StatementsTerms | None:
    """Whether restrictions have statements of reasons; by default they have none."""
    table = pack.table("statements", "statements", required=False)
    if table is None:
        return None
    otherwise = read_statement(table, "otherwise")
    redress = read_message(table, "redress")
    table.close()
    return StatementsTerms(otherwise, redress) if otherwise else None
