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

NO_IDENTITY = Ground(
    rule_id=IDENTITY.rule_id,
    obligation="CAC-09-1",
    article=IDENTITY.article,
    severity=2,
    message=Message(
        zh="账号主体尚未提供有效的真实身份信息。",
        en="There is no valid proof of the identity behind the account.",
    ),
    remedy=Message(zh="请完成真实身份信息认证。", en="Please have your identity verified."),
)

AGREEMENT = Ground(
    rule_id="agreement",
    obligation="CAC-06",
    article="Order No. 10, Art. 6",
    severity=1,
    message=Message(
        zh="账号尚未签订服务协议。",
        en="The agreement for the account has not been accepted.",
    ),
    remedy=Message(zh="请阅读并同意现行协议。", en="Please accept the agreement in force."),
)

PAGE = Ground(
    rule_id="page",
    obligation="CAC-13",
    article="Order No. 10, Art. 13",
    severity=2,
    message=Message(
        zh="公众账号页面须展示的信息不完整或未经核验。",
        en="What the page of a public account must show is not complete, or not verified.",
    ),
    remedy=Message(
        zh="请补充并核验页面须展示的信息。",
        en="Please complete what the page must show, and have it verified.",
    ),
)

INSTITUTION = Ground(
    rule_id="institution",
    obligation="CAC-15-2",
    article="Order No. 10, Art. 15",
    severity=3,
    message=Message(
        zh="机构登记已被吊销、注销或撤销。",
        en="The registration of the institution behind the account was revoked.",
    ),
    remedy=Message(
        zh="请在期限内提交有效的机构登记证明，或变更账号主体。",
        en="Please prove a valid registration in time, or change the owner of the account.",
    ),
)

REREGISTERED = Ground(
    rule_id="reregistration",
    obligation="CAC-10-3a",
    article="Order No. 10, Art. 10",
    severity=3,
    message=Message(
        zh="账号主体名下有账号已被依法依约关闭，不得重新注册。",
        en="The account belongs to the subject of a closed account, which must not come back.",
    ),
    remedy=Message(
        zh="如有异议，可以申诉。",
        en="If this is wrong, please appeal.",
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

BUILT_IN = {
    ground.rule_id: ground
    for ground in (IDENTITY, AGREEMENT, PAGE, INSTITUTION, REREGISTERED, CREDIT, RULING)
}
"""Grounds that no pack has, by the id that stands in the place of a rule's."""
