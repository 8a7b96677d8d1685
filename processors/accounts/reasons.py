"""Why measures begin and end, in words for the account holder."""

from __future__ import annotations

from processors.policy.model import Message

BAR = Message(zh="已关闭的账号不得重新注册。", en="A closed account must not be registered again.")
CANCELLED = Message(zh="账号主体已注销账号。", en="The account holder cancelled the account.")
CORRECTED = Message(zh="账号信息已改正。", en="The value was corrected.")
CORRECTED_IN_TIME = Message(
    zh="账号信息已在期限内改正，相关信息迟到。",
    en="The value was corrected in time; word of it came late.",
)
APPROVED = Message(zh="账号信息已经人工审核通过。", en="The value was approved by a reviewer.")
PROVED = Message(zh="已提交有效证明。", en="A proof now covers what was found.")
IDENTITY_VERIFIED = Message(zh="真实身份信息已通过核验。", en="The identity is verified.")
AGREEMENT_ACCEPTED = Message(zh="已签订服务协议。", en="The agreement was accepted.")
PAGE_COMPLETE = Message(
    zh="页面须展示的信息已齐全并通过核验。", en="The page has all it must show, verified."
)
NOT_FOUND = Message(zh="复核未再发现违规。", en="What it was begun for is no longer found.")
QUOTA = Message(zh="改正期限顺延。", en="There is more time to correct it before the next step.")
FOR_A_PERSON = Message(
    zh="账号是否关闭由人工决定，在此之前继续暂停使用。",
    en="A person decides whether the account is closed; until then it stays suspended.",
)
CORRECTION_WAITS = Message(
    zh="您在期限内提交的更改尚未审定，改正期限顺延。",
    en="A correction was proposed in time and is not decided yet: there is more time.",
)
NOT_CORRECTED = Message(zh="未在期限内改正。", en="It was not corrected in time.")
NOT_CORRECTED_SUSPENDED = Message(
    zh="暂停使用期间仍未改正。", en="It was not corrected while suspended."
)
TIME_PASSED = Message(zh="处置期限已满。", en="Its time has passed.")
REGISTERED_ANEW = Message(zh="账号已重新注册。", en="The account is registered anew.")
APPEAL_UPHELD = Message(zh="申诉成立，处置撤销。", en="The appeal was upheld.")
LOWERED = Message(
    zh="此前的处置已因申诉成立撤销，据此加重的处置相应减轻。",
    en="It had counted an earlier measure that was taken back on appeal: it was a step too grave.",
)
TAKEN_UP = Message(
    zh="关闭账号的处置已撤销，此前被其取代的处置恢复执行。",
    en="The closure that had replaced it was lifted: it goes on with the time that was left.",
)
LIFTED_BY_REVIEWER = Message(zh="经人工审核解除。", en="Lifted by a reviewer.")
REPLACED_BY_REVIEWER = Message(
    zh="已由人工处置决定取代。", en="Replaced by an order of a reviewer."
)

STEP_NAMES = {
    "WARN": Message(zh="警示提醒", en="Warning"),
    "CORRECT": Message(zh="限期改正", en="Correction within a time limit"),
    "RESTRICT": Message(zh="限制账号功能", en="Restriction of functions"),
    "SUSPEND": Message(zh="暂停使用", en="Suspension"),
    "CLOSE": Message(zh="关闭账号", en="Closure"),
    "BAR": Message(zh="禁止重新注册", en="Bar of registration"),
}


def found(why: str) -> Message:
    """A finding: its words in English alone, for its rule speaks in both languages."""
    return Message(zh="", en=why)


def ordered(why: str) -> Message:
    """An order of a reviewer, with the reason given."""
    given = in_full(why)
    return Message(zh=f"经人工审核决定：{given.zh}", en=f"Ordered by a reviewer: {given.en}")


def in_full(why: str) -> Message:
    """What a reviewer wrote, with a full stop."""
    ended = why.endswith(tuple("。.！!？?"))
    return Message(why, why) if ended else Message(zh=f"{why}。", en=f"{why}.")


def replaced_by(step: str) -> Message:
    """A graver step takes the place of a milder one."""
    return Message(
        zh=f"已由“{STEP_NAMES[step].zh}”取代。", en=f"{STEP_NAMES[step].en} takes its place."
    )


def credit_fell(level: str) -> Message:
    """The credit reached a level that holds a measure."""
    return Message(zh=f"账号信用等级降至 {level}。", en=f"The credit fell to the level {level}.")


def credit_moved(level: str) -> Message:
    """The credit left the level that held a measure."""
    return Message(zh=f"账号信用等级现为 {level}。", en=f"The credit level is now {level}.")


def served(milliseconds: int) -> Message:
    """How long a measure was in force."""
    days, hours = divmod(max(0, milliseconds) // 3_600_000, 24)
    return Message(zh=f"已执行 {days} 天 {hours} 小时。", en=f"Served: {days} d {hours} h.")
