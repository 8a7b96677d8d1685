"""Duties that hold under every pack, as grounds for measures."""

from __future__ import annotations

from processors.accounts.effects import Ground
from processors.policy.model import Message

IDENTITY = Ground(
    rule_id="identity",
    obligation="CAC-09-2",
    article="Order No. 10, Art. 9",
    severity=3,
    message=Message(
        zh="账号主体的真实身份信息未通过核验。",
        en="The real identity behind the account could not be verified.",
    ),
    remedy=Message(
        zh="请使用本人真实身份信息重新完成认证。",
        en="Please verify your own real identity again.",
    ),
)

CREDIT = Ground(
    rule_id="credit",
    obligation="CAC-18",
    article="Order No. 10, Art. 18",
    severity=2,
    message=Message(
        zh="账号信用等级已降至受限等级。",
        en="The credit of the account has fallen to a restricted level.",
    ),
    remedy=Message(
        zh="账号信用恢复到更高等级后，限制将自动解除。",
        en="The restriction is lifted once the credit of the account has recovered.",
    ),
)

RULING = Ground(
    rule_id="ruling",
    obligation="CAC-17-1",
    article="Order No. 10, Art. 17",
    severity=2,
    message=Message(zh="经人工审核，账号信息违规。", en="A reviewer found a breach."),
    remedy=Message(
        zh="请按照规定更正账号信息。",
        en="Please correct the account information.",
    ),
)
"""Ground of a ruling that names no rule of the pack."""
