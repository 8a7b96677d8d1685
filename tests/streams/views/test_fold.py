"""What the views make of records, without Redis."""

from __future__ import annotations

from schemas.records import Verdict
from streams.views.feeder import first_level
from streams.views.fold import Fold, Seen
from tests.streams.views.outputs import CREDIT, simulated


def test_a_verdict_is_told_by_its_own_reason_and_by_no_rule_that_did_not_decide_it() -> None:
    verdicts = [r for r in simulated(1_500) if isinstance(r, Verdict) and r.findings]
    fold = Fold({}, first_level(CREDIT))
    fold.apply(Seen("verdicts", 0, offset, verdict) for offset, verdict in enumerate(verdicts))

    too_soon = 0
    for verdict, line in zip(verdicts, fold.findings, strict=True):
        assert (line.event_id, line.why) == (verdict.event_id, verdict.reason)
        if verdict.reason == "The name was changed less than 3 days ago.":
            assert (line.rule_id, line.obligation_id, line.field) == ("", "", "")
            too_soon += 1
        whys = [
            f.why for f in verdict.findings if (f.rule_id, f.field) == (line.rule_id, line.field)
        ]
        assert not line.rule_id or any(verdict.reason.startswith(why) for why in whys)
    assert too_soon
    assert any(line.rule_id for line in fold.findings)
