"""The pack that ships: sound, proven rule by rule, the same everywhere."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from processors.policy import DetectorKind, Policy, SubjectView, lint_pack, load_pack, shipped_pack
from schemas.records import ComplaintCategory, Decision, Field, SubjectKind, VerificationKind

FILES = shipped_pack()
PACK = load_pack(FILES)
POLICY = Policy(PACK)


def decide(
    kind: SubjectKind = SubjectKind.INDIVIDUAL,
    proofs: dict[VerificationKind, tuple[str, ...]] | None = None,
    **texts: str,
) -> tuple[Decision, set[str]]:
    """Decision and rules that hit."""
    changed = {Field(name.upper()): text for name, text in texts.items()}
    hits = dict(zip(changed.values(), POLICY.scan(list(changed.values())), strict=True))
    judgement = POLICY.judge(SubjectView(kind, proofs or {}), changed, hits)
    return judgement.decision, {finding.rule_id for finding in judgement.findings}


def test_it_has_no_problems():
    assert lint_pack(FILES) == []


def test_every_rule_is_hit_by_one_of_its_own_tests():
    tests = yaml.safe_load(FILES["tests.yaml"])
    hit = {rule for test in tests for rule in test.get("rules", ())}
    across = {d.name for d in PACK.detectors if d.kind is DetectorKind.TAKEN}  # no test can tell
    assert {rule.id for rule in PACK.rules if rule.detector not in across} - hit == set()


def test_every_category_of_complaint_asks_for_a_rule():
    asked = {category for rule in PACK.rules for category in rule.categories}
    assert asked == set(ComplaintCategory)


def test_no_rule_speaks_in_one_language_only_or_of_a_numeric_limit():
    for rule in PACK.rules:
        for message in (rule.message, rule.remedy):
            assert message.zh and message.en
            assert not any(char.isdigit() for char in message.zh + message.en)


def test_no_term_is_twice_in_a_lexicon():
    for name, data in FILES.items():
        if name.endswith(".tsv"):
            lines = [line.split("\t")[0] for line in data.decode().splitlines() if line[:1] != "#"]
            assert [term for term, count in Counter(lines).items() if count > 1] == [], name


@pytest.mark.obligation("CAC-06")
def test_the_hash_depends_on_content_and_on_nothing_else():
    turned = dict(reversed(FILES.items()))
    windows = {name: data.replace(b"\n", b"\r\n") for name, data in FILES.items()}
    assert load_pack(turned).hash == PACK.hash
    assert load_pack(windows).hash == PACK.hash
    assert load_pack({**FILES, "notes.txt": b""}).hash != PACK.hash
    renamed = {name.replace("tests.yaml", "test.yaml"): data for name, data in FILES.items()}
    assert load_pack(renamed).hash != PACK.hash
    assert len(PACK.hash) == 64


def test_an_unknown_pack_is_a_key_error():
    for name in ("nowhere", "../packs", ""):
        with pytest.raises(KeyError):
            shipped_pack(name)


@pytest.mark.obligation("CAC-08-1")
@pytest.mark.parametrize(
    "text", ["兼职刷单日赚千元", "澳 门 赌 场", "代开发票", "约*炮", "ＣＡＳＩＮＯ　ＯＮＬＩＮＥ"]
)
def test_adverts_for_fraud_gambling_and_vulgarity_are_refused(text: str):
    assert decide(bio=text) == (Decision.REFUSE, {"content.illegal-adverts"})


@pytest.mark.parametrize(
    "text", ["远离网赌", "警惕刷单返利", "我在银行卡中心上班", "赌一把青春", "博彩众长"]
)
def test_who_warns_or_only_sounds_like_it_advertises_nothing(text: str):
    assert decide(bio=text) == (Decision.ALLOW, set())


@pytest.mark.obligation("CAC-08-1")
@pytest.mark.parametrize(
    "text",
    [
        *("全民反诈：不裸聊、不刷单返利", "反诈提醒：刷单返利都是骗局", "代开发票违法，请勿私信"),
        *("揭秘跑分平台", "研究六合彩历史的博士", "举报出售枪支"),
    ],
)
def test_who_speaks_against_what_is_illegal_is_looked_at_and_not_refused(text: str):
    assert decide(bio=text) == (Decision.HOLD, {"content.illegal-adverts"})


@pytest.mark.parametrize("text", ["不限时裸聊", "特别约炮", "要不要兼职刷单", "想不想约炮"])
def test_what_only_sounds_like_a_denial_is_none(text: str):
    assert decide(bio=text)[0] is Decision.REFUSE


VERIFIED_CONTACT = {VerificationKind.CONTACT: ("",)}
ORGANISATIONS = [SubjectKind.INSTITUTION, SubjectKind.PUBLIC_ACCOUNT]


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("field", ["name", "bio", "signature", "badge"])
def test_a_person_may_show_no_contact_in_any_text(field: str):
    expected = (Decision.REFUSE, {"contacts.individual"})
    assert decide(proofs=VERIFIED_CONTACT, **{field: "vx：demo_12345"}) == expected


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("kind", ORGANISATIONS)
@pytest.mark.parametrize("text", ["电话 400-800-1234", "ＷＷＷ．example.com", "電話：62345678"])
def test_an_organisation_may_show_a_verified_contact_below_its_name(kind: SubjectKind, text: str):
    assert decide(kind, bio=text) == (Decision.HOLD, {"contacts.organisation"})
    expected = (Decision.ALLOW_LABELLED, {"contacts.organisation"})
    assert decide(kind, VERIFIED_CONTACT, bio=text, signature=text) == expected


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("kind", ORGANISATIONS)
@pytest.mark.parametrize("text", ["四零零八零零一二三四", "薇信demo_12345", "example点com"])
def test_no_verification_covers_a_contact_that_is_hidden(kind: SubjectKind, text: str):
    assert decide(kind, VERIFIED_CONTACT, bio=text)[0] is Decision.HOLD


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("field", ["name", "badge"])
def test_a_contact_in_the_name_of_an_organisation_goes_to_a_person(field: str):
    texts = {field: "江南茶叶 400-800-1234"}
    decision, rules = decide(SubjectKind.INSTITUTION, VERIFIED_CONTACT, **texts)
    assert decision is Decision.HOLD
    assert "contacts.organisation-name" in rules


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize(
    "name", ["国家税务总局", "最高人民法院", "西湖区教育局", "苏州公安", "成都发布"]
)
@pytest.mark.parametrize("kind", list(SubjectKind))
def test_a_name_of_the_state_always_goes_to_a_person(name: str, kind: SubjectKind):
    proofs = {VerificationKind.INSTITUTION: (name,)}
    assert decide(kind, proofs, name=name)[0] in (Decision.HOLD, Decision.STRICT_HOLD)


@pytest.mark.obligation("CAC-08-3")
@pytest.mark.parametrize("name", ["世界卫生组织", "UNICEF", "联合国官方", "某国驻华大使馆"])
def test_a_name_of_an_international_organisation_is_held(name: str):
    decision, rules = decide(name=name)
    assert decision is Decision.HOLD
    assert "identity.international" in rules


@pytest.mark.obligation("CAC-08-3")
@pytest.mark.parametrize("name", ["世界卫生组织", "国际货币基金组织", "联合国儿童基金会"])
def test_an_international_organisation_is_no_organ_of_the_state_besides(name: str):
    proof = {VerificationKind.INSTITUTION: (name,)}
    assert decide(SubjectKind.INSTITUTION, proof, name=name)[1] == {"identity.international"}


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize("name", ["杭州市政府", "海淀区政府", "四川省政府"])
def test_the_government_of_a_division_is_none_of_another_state(name: str):
    decision, rules = decide(name=name)
    assert decision in (Decision.HOLD, Decision.STRICT_HOLD)
    assert "identity.international" not in rules


@pytest.mark.obligation("CAC-08-4")
@pytest.mark.parametrize(
    "name", ["江南日报", "山城晚报", "小镇电视台", "每日新闻", "独家报道", "央视"]
)
def test_news_like_naming_needs_a_licence(name: str):
    assert decide(name=name)[0] is Decision.NEED_MATERIAL
    proofs = {VerificationKind.LICENCE: ("互联网新闻信息服务许可",)}
    assert decide(SubjectKind.PUBLIC_ACCOUNT, proofs, name=name)[0] is Decision.ALLOW_LABELLED


@pytest.mark.parametrize("name", ["新闻系小王", "爱看新闻的猫", "周报告", "摸鱼报"])
def test_words_of_study_and_reading_are_no_news(name: str):
    assert decide(name=name) == (Decision.ALLOW, set())


@pytest.mark.obligation("CAC-08-7")
@pytest.mark.parametrize("name", ["平台客服", "账号安全中心", "官 方 管 理 员", "Platform Support"])
def test_who_passes_as_the_platform_is_refused(name: str):
    decision, rules = decide(name=name)
    assert decision is Decision.REFUSE
    assert "identity.platform" in rules


@pytest.mark.obligation("CAC-08-7")
@pytest.mark.parametrize("text", ["全网第一", "官方认证", "最权威", "Official"])
def test_an_exaggerated_claim_needs_proof(text: str):
    assert decide(name=text)[0] is Decision.NEED_MATERIAL
    assert decide(bio=text)[0] is Decision.NEED_MATERIAL


@pytest.mark.parametrize(
    "text",
    ["第一次来", "我最爱的朋友", "非官方", "unofficial", "实名认证", "克服困难", "客服经理小周"],
)
def test_plain_praise_and_denial_claim_nothing(text: str):
    assert decide(name=text, bio=text) == (Decision.ALLOW, set())


@pytest.mark.obligation("CAC-10-2")
@pytest.mark.parametrize(
    "name", ["水中央", "中国际遇", "安全国际物流", "美国家居", "中央空调维修老李"]
)
def test_words_that_only_share_the_characters_are_not_strict(name: str):
    assert decide(name=name) == (Decision.ALLOW, set())


@pytest.mark.obligation("CAC-10-2")
def test_a_strict_word_counts_in_names_and_badges_only():
    assert decide(bio="我是中国人，爱国家", signature="全国巡演") == (Decision.ALLOW, set())
    assert decide(badge="中国好茶")[0] is Decision.STRICT_HOLD


@pytest.mark.obligation("CAC-11-2")
def test_a_professional_field_needs_the_licence_of_that_field():
    kind = SubjectKind.PUBLIC_ACCOUNT
    assert decide(kind, name="老李健康科普")[0] is Decision.NEED_MATERIAL
    other = {VerificationKind.LICENCE: ("法律服务",)}
    assert decide(kind, other, name="老李健康科普")[0] is Decision.NEED_MATERIAL
    own = {VerificationKind.LICENCE: ("互联网医疗卫生信息服务",)}
    assert decide(kind, own, name="老李健康科普")[0] is Decision.ALLOW_LABELLED
    assert decide(name="老李健康科普")[0] is Decision.ALLOW


@pytest.mark.obligation("CAC-11-1")
@pytest.mark.obligation("CAC-11-2")
@pytest.mark.parametrize(
    ("kind", "proof", "value", "name", "mark"),
    [
        ("INDIVIDUAL", "OCCUPATION", "执业医师", "张医生", "已核验职业：医师"),
        ("PUBLIC_ACCOUNT", "LICENCE", "医疗卫生信息服务", "老李健康科普", "已核验专业资质：医疗"),
        ("PUBLIC_ACCOUNT", "LICENCE", "证券期货 财经", "老李股票分析", "已核验专业资质：财经"),
        ("PUBLIC_ACCOUNT", "LICENCE", "教育培训办学", "老李考研辅导", "已核验专业资质：教育"),
        ("PUBLIC_ACCOUNT", "LICENCE", "法律服务", "老李法律咨询", "已核验专业资质：法律"),
        ("PUBLIC_ACCOUNT", "LICENCE", "网络出版服务许可", "云上出版社", "已核验许可：出版"),
        ("PUBLIC_ACCOUNT", "LICENCE", "新闻信息服务", "小城新闻", "已核验新闻信息服务许可"),
    ],
)
def test_what_is_proved_is_marked_in_words(kind: str, proof: str, value: str, name: str, mark: str):
    hits = dict(zip([name], POLICY.scan([name]), strict=True))
    bare = SubjectView(SubjectKind(kind), {})
    assert POLICY.judge(bare, {Field.NAME: name}, hits).marks == ()
    proved = SubjectView(SubjectKind(kind), {VerificationKind(proof): (value,)})
    judgement = POLICY.judge(proved, {Field.NAME: name}, hits)
    assert judgement.decision is Decision.ALLOW_LABELLED
    assert [found.zh for found in judgement.marks] == [mark]
    assert all(found.en for found in judgement.marks)


@pytest.mark.obligation("CAC-08-6")
def test_an_organisation_may_show_a_verified_contact():
    kind = SubjectKind.INSTITUTION
    assert decide(kind, bio="热线 400-800-1234")[0] is Decision.HOLD
    proofs = {VerificationKind.CONTACT: ("verified",)}
    assert decide(kind, proofs, bio="热线 400-800-1234")[0] is Decision.ALLOW_LABELLED
    assert decide(proofs=proofs, bio="热线 400-800-1234")[0] is Decision.REFUSE
