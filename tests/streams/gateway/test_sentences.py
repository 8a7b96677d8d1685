"""The stream's reasons, as the console says them in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import processors
from processors.accounts import duties, notices_given
from processors.policy import judge as judging
from processors.policy.model import Facet, NoticePart
from processors.text import HIDDEN, HIDDEN_ZH
from schemas.records import KeyKind, VerificationKind
from streams.gateway.checks import Item, judge
from streams.gateway.console.sentences import KEYS, PROOFS, reason
from streams.packs import load_policy
from streams.settings import Settings

SENTENCES = {
    "The name holds '中国'.": "名称含有“中国”。",
    "Strict review by two reviewers. The value is live.": "由两名审核员从严核验。该信息已在展示。",
    "The badge claims '官方'; that is not certain, so a person decides; there is no valid proof "
    "of institution.": "认证信息自称“官方”；尚不确定，由人工判定；没有有效的机构证明。",
    "A contact of the form wechat is in the bio, written with accents.": (
        "简介中有联系方式（wechat），写法：带附加符号。"
    ),
    "Appeal against the measure CORRECT, after the time for appeals.": (
        "对措施“限期改正”的申诉，已过申诉期限。"
    ),
    "Ordered by a reviewer: no. 3 of two": "经人工审核决定：no. 3 of two",
    "The name was changed less than 3 days ago.": "距上次改名不足 3 天。",
    "Superseded by a newer change.": "已被更新的变更取代。",
    "The bio repeats what is to be corrected by the rule contacts.individual.": (
        "简介与须改正的内容相同（规则 contacts.individual）。"
    ),
    "No rule asks for anything. The image of the avatar and the cover was not looked into.": (
        "没有规则提出要求。未查看头像、封面图像。"
    ),
    "The image of the avatar was not looked into; a person decides.": (
        "未查看头像图像；由人工判定。"
    ),
    "Measure CORRECT was begun.": "采取措施“限期改正”。",
    "The value was corrected. Served: 2 d 3 h.": "账号信息已改正。已执行 2 天 3 小时。",
    "A person looks at the complaint.": "已转人工处理。",
    "The name is that of whose protected name it is; there is no valid proof of institution.": (
        "名称与受保护名称的所有者的名称相同；没有有效的机构证明。"
    ),
    "The avatar does not look like the registered logo, distance 12.": (
        "头像与登记标识不相似，距离 12。"
    ),
    "A classifier gives the avatar the label 'flag', score 0.91.": (
        "头像被分类为“flag”，得分 0.91。"
    ),
    "Closely associated with a closed account by credit code, device (85, CAC-10-3b).": (
        "与已关闭账号密切关联（统一社会信用代码、设备，85 分，CAC-10-3b）。"
    ),
    "Review by a person. Not checked across accounts: no answer came in time (CAC-10-3a).": (
        "由人工审核。未能及时跨账号核对（CAC-10-3a）。"
    ),
    "Measure 3f-1 (SUSPEND) answers it.": "已采取处置措施“暂停使用”（3f-1）。",
    "A measure was taken: Restriction of functions (3f-1).": (
        "已采取处置措施“限制账号功能”（3f-1）。"
    ),
    "Suspension takes its place. Served: 2 d 3 h.": "已由“暂停使用”取代。已执行 2 天 3 小时。",
    "Please bring evidence by 2026-11-26 09:30 UTC.": "请于 2026-11-26 09:30 UTC 前补充证据。",
    "Held by directive d-7 until 2026-11-26 09:30 UTC: an election. Wait.": (
        "按指令 d-7 暂缓至 2026-11-26 09:30 UTC：an election. Wait."
    ),
    "Complaint of the category VULGAR. Evidence was brought: 2. The account has answered: "
    "a-7.1.": "投诉类别：低俗信息。已补充证据 2 份。账号方已答复：a-7.1。",
    "The account was cancelled by its holder, and erased.": "账号已由其主体注销并清除。",
    duties.said(
        [duties.AGREEMENT_MISSING, duties.IDENTITY_MISSING]
        + [duties.PAGE_MISSING + facet for facet in Facet]
    ).en: "未签订服务协议（CAC-06）；无有效的真实身份信息（CAC-09-1）；"
    "页面缺少运营主体、注册运营地址、内容生产类别、统一社会信用代码、有效联系方式、"
    "IP 属地（CAC-13）。",
    notices_given.said(tuple(NoticePart)).en: (
        "举报缺少：举报理由、所涉信息的位置、举报人的联系方式、善意声明。补齐后可重新提交。"
    ),
}
NOTICES = {"notices.py", "grounds.py", "disposing.py", "analysed.py", "schema.py"}
"""What these say stands in notices, reports and schemas: no page shows it."""
NO_REASONS = {"summary", "_DECIDED", "complained_of"}
"""Names of what only audit records, which are shown as they are, and notices say."""


@pytest.mark.parametrize("said", SENTENCES)
def test_a_reason_of_the_stream_is_told_in_chinese(said: str) -> None:
    assert reason(said, "zh") == SENTENCES[said]
    assert reason(said, "en") == said


@pytest.mark.parametrize("said", ["", "Something new.", "The name holds '中国' and more.", "名称"])
def test_a_sentence_that_is_not_known_stays_as_it_is(said: str) -> None:
    assert reason(said, "zh") == said


def sentences() -> Iterator[str]:
    """Every sentence in the code of the domain, with a 7 for each of its parts."""
    for path in sorted(Path(processors.__file__).parent.rglob("*.py")):
        if path.parent.name not in ("accounts", "policy") or path.name in NOTICES:
            continue
        asked: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
        while asked:
            node = asked.pop()
            text = text_of(node).strip()
            if re.fullmatch(r"[A-Z7]\w* .*\.", text):
                yield text.removeprefix("7 ") if text.startswith("7 The") else text
            elif not text and not NO_REASONS & set(named(node)):
                asked += ast.iter_child_nodes(node)


def named(node: ast.AST) -> Iterator[str]:
    """What a statement gives a name to; a docstring counts as a summary."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        yield ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    elif isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Expr) and text_of(node.value):
        yield "summary"


def text_of(node: ast.AST) -> str:
    """The text of a string, with a 7 for each of its parts."""
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "7" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_sentence_of_the_domain_is_told_in_chinese() -> None:
    every = set(sentences())
    assert len(every) > 100
    untold = [said for said in every if re.search("[a-z]{2}", reason(said, "zh"))]
    assert untold == []


@pytest.mark.parametrize("said", judging.SAID.values())
def test_whatever_a_rule_finds_is_told_in_chinese(said: str) -> None:
    told = said.format(field="name", entry="7")
    found = f"{told[0].upper()}{told[1:]}."
    assert not re.search("[a-z]{2}", reason(found, "zh"))


def test_every_part_of_a_sentence_has_its_words() -> None:
    assert set(HIDDEN_ZH) == set(HIDDEN)
    assert set(PROOFS) == {kind.lower() for kind in VerificationKind}
    assert set(KEYS) == {kind.lower().replace("_", " ") for kind in KeyKind}


@pytest.mark.parametrize(
    "item",
    [
        Item(name="教育部", bio="加V信 demo_12345 领取资料", badge="执业医师"),
        Item(name="中国味道", bio="薇❤信 demo_12345", signature="官方认证"),
        Item(name="新华社", bio="加 v.x: demo_12345，公安局", badge="律师"),
    ],
)
def test_what_the_shipped_pack_finds_is_told_in_chinese(item: Item) -> None:
    (found,) = judge(load_policy(Settings()), [item]).items
    assert found.findings
    for finding in found.findings:
        assert reason(finding.why, "zh") != finding.why
