"""Judging: rules propose, the most severe decides."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.policy import Judgement, Policy, SubjectView, load_pack
from schemas.records import Decision, Field, RuleMode, SubjectKind, VerificationKind
from tests.processors.policy.small_pack import FILES
from tests.support import shipped

TINY = load_pack(FILES)
POLICY = Policy(TINY)
SHIPPED = shipped()
SHIPPED_POLICY = Policy(SHIPPED)
NO_PROOFS: dict[VerificationKind, tuple[str, ...]] = {}


def judge(
    *,
    policy: Policy = POLICY,
    kind: SubjectKind = SubjectKind.INDIVIDUAL,
    proofs: dict[VerificationKind, tuple[str, ...]] = NO_PROOFS,
    **texts: str,
) -> Judgement:
    changed = {Field(name.upper()): text for name, text in texts.items()}
    found = policy.scan(list(changed.values()))
    hits = dict(zip(changed.values(), found, strict=True))
    return policy.judge(SubjectView(kind, proofs), changed, hits)


def test_a_change_without_a_hit_is_allowed():
    assert judge(name="小王", bio="你好") == Judgement(
        Decision.ALLOW, (), (), "No rule asks for anything."
    )


def test_a_change_of_nothing_is_allowed():
    assert judge().decision is Decision.ALLOW


def test_the_most_severe_proposal_decides_and_all_findings_are_reported():
    judgement = judge(name="好词", bio="http://example.com")
    assert judgement.decision is Decision.REFUSE
    assert [f.rule_id for f in judgement.findings] == ["contacts.any", "words.any"]
    assert [p.rule.id for p in judgement.proposals] == ["contacts.any", "words.any"]
    assert judgement.reason == "A contact of the form url is in the bio."


def test_findings_say_field_span_technique_entry_and_obligation():
    (finding,) = judge(name="有坏\u200b词").findings
    assert finding.field is Field.NAME
    assert (finding.span_start, finding.span_end) == (1, 4)
    assert finding.technique == "invisible"
    assert finding.entry == "坏词"
    assert finding.obligation_id == "CAC-08-1"
    assert finding.why == "The name holds '坏词', written with invisible characters between."


def test_an_invitation_is_told_as_one_and_never_refused():
    judgement = judge(bio="扫码加我")
    assert judgement.decision is Decision.HOLD
    assert judgement.reason.startswith("The bio invites to get in touch elsewhere; that is not")


def test_a_rule_names_an_entry_once_for_a_field():
    judgement = judge(name="好词 好词 坏词", bio="好词")
    rules = [(f.field, f.entry, f.rule_id) for f in judgement.findings if f.rule_id == "words.any"]
    assert rules == [
        (Field.NAME, "好词", "words.any"),
        (Field.NAME, "坏词", "words.any"),
        (Field.BIO, "好词", "words.any"),
    ]


def test_a_shadow_rule_is_reported_and_has_no_effect():
    judgement = judge(bio="好词")
    assert judgement.decision is Decision.NEED_MATERIAL
    assert [(f.rule_id, f.mode) for f in judgement.findings] == [
        ("words.any", RuleMode.ENFORCE),
        ("words.bio", RuleMode.SHADOW),
    ]
    assert [p.rule.id for p in judgement.proposals] == ["words.any"]


def test_where_only_shadow_rules_hit_the_change_is_allowed():
    rules = tuple(rule for rule in TINY.rules if rule.id == "words.bio")
    judgement = judge(policy=Policy(msgspec.structs.replace(TINY, rules=rules)), bio="好词")
    assert (judgement.decision, judgement.proposals) == (Decision.ALLOW, ())
    assert len(judgement.findings) == 1


def test_a_rule_looks_only_at_its_fields_and_subjects():
    assert judge(signature="好词").decision is Decision.ALLOW
    assert judge(name="张医生", kind=SubjectKind.INSTITUTION).decision is Decision.ALLOW


@pytest.mark.obligation("CAC-07-1")
@pytest.mark.parametrize(
    ("proofs", "decision", "why"),
    [
        ({}, Decision.NEED_MATERIAL, "there is no valid proof of occupation"),
        (
            {VerificationKind.OCCUPATION: ("执业医师",)},
            Decision.ALLOW_LABELLED,
            "a valid proof of occupation covers it",
        ),
        (
            {VerificationKind.OCCUPATION: ("律师",)},
            Decision.REFUSE,
            "the proof of occupation is for something else",
        ),
        (
            {VerificationKind.OCCUPATION: ("律师", "医生")},
            Decision.ALLOW_LABELLED,
            "a valid proof of occupation covers it",
        ),
        (
            {VerificationKind.LICENCE: ("医师",)},
            Decision.NEED_MATERIAL,
            "there is no valid proof of occupation",
        ),
    ],
)
def test_the_proof_of_an_occupation_decides(
    proofs: dict[VerificationKind, tuple[str, ...]], decision: Decision, why: str
):
    judgement = judge(name="张医生", proofs=proofs)
    assert judgement.decision is decision
    assert why in judgement.reason


def test_a_cleared_finding_labels_the_change_and_proposes_nothing():
    judgement = judge(name="张医生", proofs={VerificationKind.OCCUPATION: ("医师",)})
    assert judgement.decision is Decision.ALLOW_LABELLED
    assert judgement.proposals == ()
    assert [f.decision for f in judgement.findings] == [Decision.ALLOW_LABELLED]


@pytest.mark.obligation("CAC-08-2")
def test_the_proof_of_an_institution_covers_its_own_name_only():
    own = {VerificationKind.INSTITUTION: ("云山集团有限公司",)}
    other = {VerificationKind.INSTITUTION: ("青石科技有限公司",)}
    kind = SubjectKind.INSTITUTION
    assert judge(name="云山集团", proofs=own, kind=kind).decision is Decision.ALLOW_LABELLED
    assert judge(name="云山集团", proofs=other, kind=kind).decision is Decision.HOLD


@pytest.mark.obligation("CAC-08-2")
def test_the_proof_of_one_office_does_not_cover_another():
    proofs = {VerificationKind.INSTITUTION: ("青山市公安局",)}
    kind = SubjectKind.INSTITUTION
    assert judge(name="青山市公安局", proofs=proofs, kind=kind).decision is Decision.ALLOW_LABELLED
    assert judge(name="白水市公安局", proofs=proofs, kind=kind).decision is Decision.HOLD


def test_what_is_not_certain_is_never_refused():
    judgement = judge(bio="扫码进群")
    assert judgement.decision is Decision.HOLD
    assert "a person decides" in judgement.reason


def test_a_rule_for_certain_matches_passes_over_the_others():
    assert judge(bio="云山集团张主任").decision is Decision.ALLOW
    assert judge(bio="云山集团客服").decision is Decision.REFUSE


def test_a_harmless_match_is_no_finding():
    assert judge(name="云山集团的粉丝").findings == ()


@pytest.mark.obligation("CAC-16")
def test_no_contact_is_repeated_in_a_finding():
    texts = [
        "微信abc12345",
        "13800138000",
        "someone@example.com",
        "QQ 123456789",
        "example.com/zhang",
    ]
    for text in texts:
        judgement = judge(bio=text)
        assert judgement.decision is Decision.REFUSE
        for finding in judgement.findings:
            said = f"{finding.entry} {finding.why} {finding.technique} {judgement.reason}"
            assert not any(char.isdigit() for char in said)
            assert "example" not in said and "abc" not in said


TEXT = st.lists(
    st.sampled_from(
        ["好词", "坏词", "张医生", "云山集团", "客服", "粉丝", "vx:abc12345", "扫码进群", " "]
    ),
    max_size=5,
).map("".join)


@settings(deadline=None)  # every example compiles a pack
@given(TEXT, TEXT, st.randoms(use_true_random=False))
def test_the_order_of_rules_and_fields_never_matters(name: str, bio: str, rng: random.Random):
    rules = list(TINY.rules)
    rng.shuffle(rules)
    shuffled = Policy(msgspec.structs.replace(TINY, rules=tuple(rules)))
    detectors = list(TINY.detectors)
    rng.shuffle(detectors)
    turned = Policy(msgspec.structs.replace(TINY, detectors=tuple(detectors)))
    expected = judge(name=name, bio=bio)
    assert judge(policy=shuffled, name=name, bio=bio) == expected
    assert judge(policy=turned, name=name, bio=bio) == expected
    assert judge(bio=bio, name=name) == expected


@given(TEXT, TEXT)
def test_the_decision_is_the_most_severe_of_the_findings_in_force(name: str, bio: str):
    severity = list(Decision)
    judgement = judge(name=name, bio=bio)
    in_force = [f.decision for f in judgement.findings if f.mode is RuleMode.ENFORCE]
    assert judgement.decision is max(in_force, key=severity.index, default=Decision.ALLOW)
    proposed = [severity.index(p.finding.decision) for p in judgement.proposals]
    assert proposed == sorted(proposed, reverse=True)
    assert judgement.findings == tuple(
        sorted(
            judgement.findings, key=lambda f: (f.rule_id, list(Field).index(f.field), f.span_start)
        )
    )


@pytest.mark.obligation("CAC-10-2")
@given(
    st.sampled_from(["中国", "中华", "中央", "全国", "国家", "ＣＣ中\u200b国"]),
    st.sampled_from(["", "好茶", "少年", " 加油"]),
    st.sampled_from(list(SubjectKind)),
    st.sampled_from([(), ("中国好茶有限公司",), ("律师",)]),
)
def test_a_strict_word_is_neither_allowed_nor_refused_on_the_word_alone(
    word: str, rest: str, kind: SubjectKind, values: tuple[str, ...]
):
    proofs = {proof: values for proof in VerificationKind if values}
    judgement = judge(policy=SHIPPED_POLICY, name=word + rest, kind=kind, proofs=proofs)
    assert judgement.decision is Decision.STRICT_HOLD
