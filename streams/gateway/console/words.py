"""The words of the console, Chinese and English side by side."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from processors.policy.model import Mode
from schemas.records import (
    ChangeKind,
    ComplaintCategory,
    ComplaintState,
    CreditAction,
    Decision,
    DisposalAction,
    EscalationKind,
    EscalationStatus,
    Field,
    MeasureStep,
    NoticeKind,
    PackMode,
    RuleMode,
    RulingAction,
)
from streams.gateway.accounts import Standing

Language = Literal["zh", "en"]
TAGS: dict[Language, Literal["zh-CN", "en-US"]] = {"zh": "zh-CN", "en": "en-US"}
"""What documents say that they are in."""

_MODES = {
    "ENFORCE": ("执行", "Enforce"),
    "SHADOW": ("影子", "Shadow"),
    "DRAFT": ("草稿", "Draft"),
    "RETIRED": ("退役", "Retired"),
}

WORDS: dict[str, tuple[str, str]] = {
    "overview": ("概览", "Overview"),
    "reviews": ("审核", "Reviews"),
    "complaints": ("投诉", "Complaints"),
    "accounts": ("账号", "Accounts"),
    "packs": ("策略包", "Packs"),
    "nav": ("页面", "Pages"),
    "queues": ("队列", "Queues"),
    "skip": ("跳到正文", "Skip to content"),
    "logout": ("退出", "Log out"),
    "login": ("登录", "Log in"),
    "login.hint": ("API 密钥或一次性登录码", "API key or one-time code"),
    "login.wrong": ("密钥或登录码无效", "This key or code is not valid"),
    "login.often": (
        "此地址登录失败次数过多，请稍后再试",
        "Too many logins from this address have failed. Try again a little later.",
    ),
    "login.later": (
        "暂时无法核对此令牌，请稍后再试",
        "This token cannot be checked now. Try again a little later.",
    ),
    "login.about": ("让账号信息名副其实", "Account information, kept true"),
    "dark": ("深浅色", "Light or dark"),
    "language": ("English", "中文"),
    "forbidden": ("您的角色不能查看此页。", "Your role does not show this page."),
    "away": ("视图暂不可用，稍后自动重试。", "The views do not answer; trying again."),
    "rate": ("结论/秒 ·", "verdicts/s ·"),
    "waiting": ("待审", "to review"),
    "waiting.complaints": ("投诉待办", "complaints open"),
    "waiting.appeals": ("申诉待办", "appeals open"),
    "overdue": ("超期", "overdue"),
    "lag": ("积压", "lag"),
    "lag.views": ("视图延迟", "views behind"),
    "peak": ("峰值", "peak"),
    "traffic": ("每分钟结论", "Verdicts by minute"),
    "mix": ("结论构成", "Verdict mix"),
    "rules": ("命中最多的规则", "Top rules"),
    "rule": ("规则", "Rule"),
    "enforced": ("执行", "Enforced"),
    "shadow": ("影子", "Shadow"),
    "findings": ("最近发现", "Latest findings"),
    "disposals": ("最近处置", "Latest disposals"),
    "levels": ("信用等级", "Credit levels"),
    "nothing": ("暂无", "Nothing yet"),
    "queue.review": ("变更", "Changes"),
    "queue.complaint": ("投诉", "Complaints"),
    "queue.appeal": ("申诉", "Appeals"),
    "queue.breach": ("已超期", "Time limits"),
    "empty": ("没有待办。", "Nothing waits here."),
    "choose": ("请选择一项。", "Choose a case."),
    "keys": (
        "J/K 上下 · C 认领 · A 通过/支持 · R 驳回 · E 补充证据",
        "J/K move · C claim · A approve, uphold · R reject, dismiss · E ask for evidence",
    ),
    "claim": ("认领", "Claim"),
    "release": ("释放", "Release"),
    "claimed": ("认领人", "claimed by"),
    "claimed.other": ("已由他人认领。", "Somebody else has claimed it."),
    "reason": ("理由（写入记录与告知）", "Reason (for the record and the notice)"),
    "evidence": ("依据", "Evidence"),
    "text": ("原文", "Original text"),
    "statement": ("陈述", "Statement"),
    "measure": ("措施", "Measure"),
    "gone": ("原文已不再保存。", "The text is kept no longer."),
    "strict": ("从严核验：需两名不同的审核员", "Strict: two different reviewers"),
    "settled": ("此项已办结。", "This case is settled already."),
    "ruled": ("已裁定", "Ruled"),
    "ruled.before": ("此前的裁定", "Ruled before"),
    "ruled.nothing": ("裁定已存档，但未产生效果", "The ruling is kept, but changes nothing"),
    "ruled.later": (
        "裁定已提交，尚无结果；结果将显示在账号的时间线中。",
        "The ruling is handed in, and not answered yet; the account's timeline will tell.",
    ),
    "unanswered": (
        "系统暂无应答，请稍后重试。",
        "There is no answer now; try again later.",
    ),
    "level": ("信用等级", "Credit level"),
    "score": ("信用分", "Score"),
    "step": ("措施", "Measure"),
    "field": ("字段", "Field"),
    "rule.default": ("按规则", "by the rule"),
    "case.default": ("所投诉的", "as complained"),
    "misuse": ("明显无理的投诉", "Manifestly unfounded"),
    "reason.default": ("留空则采用默认理由", "Left empty, the default reason stands"),
    "reason.APPROVE_CHANGE": ("经人工审核，予以通过。", "A reviewer found nothing against it."),
    "reason.REJECT_CHANGE": ("经人工审核，不符合规定。", "A reviewer found it in breach."),
    "reason.UPHOLD_COMPLAINT": ("经核实，投诉属实。", "The complaint is well founded."),
    "reason.DISMISS_COMPLAINT": ("经核实，未发现违规。", "No breach was found."),
    "reason.REQUEST_EVIDENCE": (
        "需补充证据后再行审核。",
        "It takes evidence to decide.",
    ),
    "reason.UPHOLD_APPEAL": ("经复核，申诉成立。", "The appeal is well founded."),
    "reason.DISMISS_APPEAL": ("经复核，维持原措施。", "The measure stands."),
    "find": ("账号编号", "Account id"),
    "open": ("查看", "Open"),
    "latest": ("最近涉及的账号", "Accounts seen lately"),
    "unknown": ("没有该账号的记录。", "Nothing is known of this account."),
    "curve": ("信用曲线", "Credit curve"),
    "timeline": ("时间线", "Timeline"),
    "values": ("当前信息", "Values"),
    "values.ask": ("查看原文（将记录）", "Show texts (this is logged)"),
    "measures": ("现行措施", "Measures in force"),
    "when": ("时间", "When"),
    "what": ("事项", "What"),
    "why": ("原因", "Why"),
    "account": ("账号", "Account"),
    "kind": ("类别", "Kind"),
    "clock": ("时限", "Clock"),
    "priority": ("优先级", "Priority"),
    "reports": ("待报送", "Reports due"),
    "reports.past": ("时限已过：{:,} 项", "Time has passed: {:,}"),
    "taken.back": ("更正：措施已撤销", "Amended: taken back"),
    "inforce": ("现行", "in force"),
    "lint": ("检查", "Lint"),
    "lint.ok": ("无问题", "no problems"),
    "mode": ("模式", "Mode"),
    "decision": ("处理", "Decision"),
    "and": ("、", ", "),
    "fields": ("字段", "Fields"),
    "published": ("发布记录", "Published"),
    "publisher": ("发布人", "Published by"),
    "obligation": ("义务", "Obligation"),
    "state": ("状态", "State"),
    "traffic.told": (
        "每分钟结论：一小时内共 {total:,} 条，{at} 最多，为 {most:,} 条；最近一分钟 {last:,} 条",
        "Verdicts by minute: {total:,} within the hour, most at {at} ({most:,}), {last:,} in the "
        "last minute",
    ),
    "curve.told": (
        "信用曲线：由 {first} 至 {last}，最低 {least}，等级 {level}",
        "Credit curve: from {first} to {last}, {least} at the least, level {level}",
    ),
    "left": ("剩余 {}", "{} left"),
    "over": ("超期 {}", "{} overdue"),
    "day": ("天", "d"),
    "hour": ("小时", "h"),
    "minute": ("分", "min"),
    "second": ("秒", "s"),
    "moment.verdict": ("结论", "verdict"),
    "moment.measure": ("措施", "measure"),
    "moment.credit": ("信用", "credit"),
    "moment.escalation": ("升级", "escalation"),
    "moment.complaint": ("投诉", "complaint"),
    "moment.notice": ("告知", "notice"),
    "moment.ruling": ("裁定", "ruling"),
}

NAMES: dict[type[str], dict[str, tuple[str, str]]] = {
    Decision: {
        "ALLOW": ("通过", "Allow"),
        "ALLOW_LABELLED": ("通过并标注", "Labelled"),
        "NEED_MATERIAL": ("需补材料", "Need material"),
        "HOLD": ("待审", "Hold"),
        "STRICT_HOLD": ("从严核验", "Strict hold"),
        "REFUSE": ("拒绝", "Refuse"),
    },
    ChangeKind: {
        "REGISTRATION": ("注册", "Registration"),
        "EDIT": ("修改", "Edit"),
        "OWNER_CHANGE": ("变更主体", "Owner change"),
        "CANCELLATION": ("注销", "Cancellation"),
    },
    Field: {
        "NAME": ("名称", "Name"),
        "AVATAR": ("头像", "Avatar"),
        "COVER": ("封面", "Cover"),
        "BIO": ("简介", "Bio"),
        "SIGNATURE": ("签名", "Signature"),
        "BADGE": ("认证信息", "Badge"),
    },
    Standing: {
        "CURRENT": ("现行", "current"),
        "WAITING": ("待决", "waits"),
        "FORMER": ("曾用", "former"),
    },
    MeasureStep: {
        "WARN": ("警示", "Warning"),
        "CORRECT": ("限期改正", "Correction"),
        "RESTRICT": ("限制功能", "Restriction"),
        "SUSPEND": ("暂停使用", "Suspension"),
        "CLOSE": ("关闭", "Closure"),
        "BAR": ("禁止重新注册", "Bar"),
    },
    DisposalAction: {
        "BEGIN": ("开始", "begins"),
        "EXTEND": ("延长", "extended"),
        "LIFT": ("解除", "lifted"),
    },
    RulingAction: {
        "APPROVE_CHANGE": ("通过", "Approve"),
        "REJECT_CHANGE": ("驳回", "Reject"),
        "UPHOLD_COMPLAINT": ("投诉成立", "Uphold"),
        "DISMISS_COMPLAINT": ("投诉不成立", "Dismiss"),
        "UPHOLD_APPEAL": ("申诉成立", "Uphold"),
        "DISMISS_APPEAL": ("申诉不成立", "Dismiss"),
        "IMPOSE_MEASURE": ("采取措施", "Impose a measure"),
        "LIFT_MEASURE": ("解除措施", "Lift the measure"),
        "REQUEST_EVIDENCE": ("要求补充证据", "Ask for evidence"),
        "REPORT_DELIVERED": ("已报送", "Report delivered"),
        "ERASE_ACCOUNT": ("清除账号", "Erase the account"),
        "PLACE_HOLD": ("保全证据", "Hold the evidence"),
        "RELEASE_HOLD": ("解除保全", "Release the evidence"),
    },
    EscalationKind: {
        "COMPLAINT": ("投诉", "Complaint"),
        "HOLD": ("待审", "Hold"),
        "STRICT_HOLD": ("从严核验", "Strict hold"),
        "APPEAL": ("申诉", "Appeal"),
        "SLA_BREACH": ("已过时限", "Time limit passed"),
        "DISPOSAL": ("现行信息", "Live value"),
        "BRAKE": ("自动处置刹车", "Brake"),
        "CAPACITY": ("审核积压", "Backlog"),
    },
    EscalationStatus: {
        "OPENED": ("转人工", "to a person:"),
        "CLOSED": ("办结", "settled:"),
    },
    ComplaintCategory: {
        "IMPERSONATION": ("假冒", "Impersonation"),
        "CONTACTS": ("违规联系方式", "Contacts"),
        "FALSE_CLAIM": ("虚假表述", "False claim"),
        "FAKE_NEWS": ("冒充新闻单位", "Fake news outlet"),
        "ILLEGAL": ("违法信息", "Illegal"),
        "VULGAR": ("低俗信息", "Vulgar"),
        "OTHER": ("其他", "Other"),
    },
    ComplaintState: {
        "RECEIVED": ("已收到", "Received"),
        "ACCEPTED": ("已受理", "Accepted"),
        "NOT_ACCEPTED": ("未受理", "Not accepted"),
        "SCREENING": ("核验中", "Being verified"),
        "ESCALATED": ("已转人工", "With a person"),
        "DISPOSAL": ("已处置", "Answered by a measure"),
        "FEEDBACK": ("已反馈", "Feedback given"),
        "CLOSED": ("已办结", "Closed"),
        "NEED_EVIDENCE": ("待补证据", "Evidence asked for"),
    },
    CreditAction: {
        "ADDED": ("记入", "entered"),
        "EXPIRED": ("到期", "expired"),
        "REVERSED": ("冲正", "reversed"),
        "REPAIRED": ("修复", "repaired"),
    },
    NoticeKind: {
        "MEASURE_BEGUN": ("告知处置", "Measure begins"),
        "MEASURE_EXTENDED": ("告知延长处置", "Measure extended"),
        "MEASURE_LIFTED": ("告知解除处置", "Measure lifted"),
        "CORRECTION_REMINDER": ("改正提醒", "Reminder to correct"),
        "COMPLAINT_RECEIVED": ("告知被投诉", "Complaint received"),
        "COMPLAINT_DECIDED": ("告知投诉结果", "Complaint decided"),
        "ANSWER_RECEIVED": ("答复回执", "Answer received"),
        "APPEAL_RECEIVED": ("申诉回执", "Appeal received"),
        "APPEAL_DECIDED": ("告知申诉结果", "Appeal decided"),
    },
    Mode: _MODES,
    RuleMode: _MODES,
    PackMode: _MODES,
}
"""The names of members of enumerations, by their type: two of them may have one value."""


def word(key: str, language: Language) -> str:
    """A word in a language: of a member of an enumeration its name; others stay as they are."""
    pair = NAMES.get(type(key), WORDS).get(key)
    return str(key) if pair is None else pair[language == "en"]


def words(text: str, language: Language, *kinds: type[StrEnum]) -> str:
    """A line such as ``BEGIN SUSPEND``, whose first parts are of these kinds, in a language."""
    parts = text.split(" ")
    known = [word(_member(kind, part), language) for kind, part in zip(kinds, parts, strict=False)]
    return " ".join([*known, *parts[len(known) :]])


def measure_words(text: str, language: Language) -> str:
    """What was done with a measure, such as ``BEGIN SUSPEND``: ``Suspension begins``."""
    action, step = words(text, language, DisposalAction, MeasureStep).split(" ", 1)
    return f"{step} {action}"


def _member(kind: type[StrEnum], value: str) -> str:
    return kind(value) if value in kind.__members__ else value
