"""Simulated account traffic: deterministic, quick, with the proportions of a real platform.

Most accounts are honest people; some are institutions and doctors with papers; a few are spammers,
impersonators and people who like grand words. Every phone number, address and id is made up.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    ComplaintCategory,
    Field,
    Phase,
    RulingAction,
    SubjectKind,
    VerificationKind,
    VerificationResult,
)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华文玉兰欣怡梓涵子轩雨桐浩然思远若曦嘉"
NICKS = (
    "小鱼干", "晚风", "半糖", "山茶", "追光", "阿木", "橘子汽水", "星河", "旧书店", "慢慢来",
    "豆浆油条", "南瓜派", "白日梦", "云朵", "夏天的风", "早睡冠军", "猫老师", "拾光", "木子",
)  # fmt: skip
LATIN = ("mika", "leo", "sunny", "oscar", "lily", "noah", "emma", "zoe", "ken", "ivy", "max", "ann")
CITIES = ("北京", "上海", "成都", "杭州", "广州", "西安", "武汉", "苏州", "青岛", "长沙", "昆明")
BIOS = (
    "写代码的，也写诗。{city}人，爱跑步和摄影。",
    "记录一家三口的日常，偶尔做饭翻车。",
    "{city}吃货一枚，周末探店，评论都是自己花钱。",
    "读书、徒步、养猫，慢慢变老。",
    "高中在读，努力学习中，谢谢关注。",
    "做了十年木工，分享一点手艺。",
    "喜欢老电影和黑胶唱片，{city}",
    "两只猫一只狗，一个普通上班族的生活碎片。",
    "Coffee, code and long walks. Based in {city}.",
    "I write about birds and trains. Opinions are mine.",
    "跑马拉松的第 7 年，最好成绩 3:42。",
    "毕业于 2015 年，现在在{city}开一家小花店。",
)
SIGNATURES = (
    "今天也要好好吃饭", "慢即是快", "keep going", "愿你有前进一寸的勇气", "风雨兼程", "日拱一卒",
    "人间值得", "在路上", "保持热爱，奔赴山海", "睡前不看手机第 3 天",
)  # fmt: skip
INSTITUTIONS = (
    "{city}晨光书店", "{city}春雨文化传播有限公司", "{city}第七小学家委会", "{city}青藤咖啡",
    "{city}云麓科技有限公司", "{city}流浪动物救助站",
)  # fmt: skip
CONTACTS = (
    "加微信 zm_demo{n:04d} 领资料", "V信：demo{n:05d}", "兼职日结 请加 QQ 1000{n:05d}",
    "详情见 www.example-{n}.com", "合作联系 1990000{n:04d}", "ｗｅｉｘｉｎ ＺＭ{n:04d} 备注来意",
    "mail me: promo{n}@example.com",
)  # fmt: skip
IMPERSONATED = (
    "教育部官方客服", "{city}市人民政府", "{city}市公安局", "最高人民法院服务", "世界卫生组织",
    "{city}日报记者", "联合国儿童基金会官方",
)  # fmt: skip
STRICT = ("中国好声音粉丝团", "中华小当家", "全国同城会", "国家队后援", "中央大街早餐铺")
CLAIMS = ("全网第一 官方认证", "官方旗舰 唯一指定", "平台认证客服中心", "业内排名第一")
OCCUPATIONS = ("医生", "律师", "教师", "注册会计师", "心理咨询师")


class Persona(NamedTuple):
    """A kind of account: its share of all accounts, and who runs it."""

    name: str
    share: float
    subject: SubjectKind


PERSONAS = (
    Persona("honest", 0.875, SubjectKind.INDIVIDUAL),
    Persona("institution", 0.05, SubjectKind.INSTITUTION),
    Persona("professional", 0.03, SubjectKind.INDIVIDUAL),
    Persona("spammer", 0.02, SubjectKind.INDIVIDUAL),
    Persona("impersonator", 0.012, SubjectKind.INDIVIDUAL),
    Persona("grand", 0.013, SubjectKind.INDIVIDUAL),
)
OFFENDERS = ("spammer", "impersonator", "grand")

EDITED = ("bio",) * 34 + ("avatar",) * 26 + ("name",) * 15 + ("signature",) * 16 + ("cover",) * 9
HISTORY = 512
"""Changes and complaints that later rulings may refer to."""


class Simulated(NamedTuple):
    """One input: the logical name of its topic and the record."""

    topic: str
    record: Any


@dataclass(slots=True)
class _Account:
    id: str
    persona: str
    subject: SubjectKind
    edits: int = 0
    occupation: str = ""


@dataclass
class Simulation:
    """A stream of inputs, the same for the same arguments.

    ``start`` (ms) is the time of the first event, ``step_ms`` the time between two. ``offenders``
    scales the shipped share of spammers, impersonators and grand words; ``duplicates`` is the share
    of events that the producer sends twice. ``prefix`` keeps the ids of several runs apart.
    """

    seed: int = 1
    accounts: int = 2_000
    start: int = 0
    step_ms: float = 1.0
    offenders: float = 1.0
    duplicates: float = 0.005
    prefix: str = ""
    _random: random.Random = field(init=False, repr=False)
    _accounts: list[_Account] = field(init=False, repr=False, default_factory=list)
    _suspects: deque[tuple[str, str]] = field(init=False, repr=False)
    _complaints: deque[tuple[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  # repeatable, not secret
        self._suspects = deque(maxlen=HISTORY)
        self._complaints = deque(maxlen=HISTORY)

    def events(self, count: int) -> Iterator[Simulated]:
        """Yield so many inputs; a repeated one counts as one more."""
        left, number = count, 0
        while left > 0:
            now = self.start + int(number * self.step_ms)
            number += 1
            event = self._next(f"{self.prefix}e{self.seed}-{number}", now)
            left -= 1
            yield event
            if left > 0 and self._random.random() < self.duplicates:
                left -= 1
                yield event

    def _next(self, event_id: str, now: int) -> Simulated:
        rnd = self._random
        known = self._accounts
        if len(known) < self.accounts and (
            not known or rnd.random() < max(0.02, 1 - len(known) / self.accounts) * 0.5
        ):
            return self._registration(event_id, now)
        account = known[int(rnd.random() * len(known))]
        roll = rnd.random()
        for share, make in self._mix:
            if roll < share:
                return make(self, event_id, now, account)
            roll -= share
        return self._edit(event_id, now, account)

    # -- what happens -------------------------------------------------------------------------

    def _registration(self, event_id: str, now: int) -> Simulated:
        persona = self._persona()
        account = _Account(
            f"{self.prefix}a{self.seed}-{len(self._accounts) + 1}", persona.name, persona.subject
        )
        self._accounts.append(account)
        change = AccountChange(
            event_id=event_id,
            account_id=account.id,
            occurred_at=now,
            kind=ChangeKind.REGISTRATION,
            phase=Phase.PROPOSED,
            subject=account.subject,
            name=self._name(account, offending=False),
            avatar=self._image(),
            bio=self._bio(),
            owner_token=f"tok-{account.id}",
            agreement_version="2026-01",
            language="zh" if self._random.random() < 0.9 else "en",
        )
        return Simulated("account.changes", change)

    def _edit(self, event_id: str, now: int, account: _Account) -> Simulated:
        rnd = self._random
        account.edits += 1
        offending = account.persona in OFFENDERS and rnd.random() < 0.6
        values = self._offence(account) if offending else self._honest_edit(account)
        phase = Phase.APPLIED if rnd.random() < 0.3 else Phase.PROPOSED
        if offending:
            self._suspects.append((account.id, event_id))
        change = AccountChange(
            event_id=event_id,
            account_id=account.id,
            occurred_at=now,
            kind=ChangeKind.EDIT,
            phase=phase,
            **values,
        )
        return Simulated("account.changes", change)

    def _owner_change(self, event_id: str, now: int, account: _Account) -> Simulated:
        return Simulated(
            "account.changes",
            AccountChange(
                event_id=event_id,
                account_id=account.id,
                occurred_at=now,
                kind=ChangeKind.OWNER_CHANGE,
                owner_token=f"tok-{event_id}",
            ),
        )

    def _cancellation(self, event_id: str, now: int, account: _Account) -> Simulated:
        return Simulated(
            "account.changes",
            AccountChange(
                event_id=event_id,
                account_id=account.id,
                occurred_at=now,
                kind=ChangeKind.CANCELLATION,
            ),
        )

    def _verification(self, event_id: str, now: int, account: _Account) -> Simulated:
        rnd = self._random
        kind = (
            VerificationKind.OCCUPATION
            if account.persona == "professional"
            else VerificationKind.IDENTITY
        )
        failed = account.persona in OFFENDERS and rnd.random() < 0.2
        return Simulated(
            "account.verifications",
            AccountVerification(
                event_id=event_id,
                account_id=account.id,
                occurred_at=now,
                kind=kind,
                result=VerificationResult.FAILED if failed else VerificationResult.VERIFIED,
                value=account.occupation or None,
                expires_at=now + 180 * 86_400_000,
                token=f"tok-{account.id}",
                source="simulated-registry",
            ),
        )

    def _complaint(self, event_id: str, now: int, account: _Account) -> Simulated:
        rnd = self._random
        if self._suspects and rnd.random() < 0.7:  # most complaints meet those who deserve them
            account_id = rnd.choice(self._suspects)[0]
        else:
            account_id = account.id
        self._complaints.append((account_id, f"c-{event_id}"))
        return Simulated(
            "account.complaints",
            AccountComplaint(
                event_id=event_id,
                account_id=account_id,
                occurred_at=now,
                complaint_id=f"c-{event_id}",
                category=rnd.choice(tuple(ComplaintCategory)),
                field=rnd.choice((Field.NAME, Field.BIO, Field.SIGNATURE, None)),
                complainant_token=f"who-{rnd.randrange(500)}",
                statement="看着不像真的，请核实。",
                language="zh",
            ),
        )

    def _ruling(self, event_id: str, now: int, account: _Account) -> Simulated:
        rnd = self._random
        pending = self._complaints if rnd.random() < 0.5 else self._suspects
        if not pending:
            return self._edit(event_id, now, account)
        account_id, subject_id = rnd.choice(pending)
        if pending is self._complaints:
            actions = (RulingAction.UPHOLD_COMPLAINT, RulingAction.DISMISS_COMPLAINT)
        else:
            actions = (RulingAction.APPROVE_CHANGE, RulingAction.REJECT_CHANGE)
        return Simulated(
            "account.rulings",
            AccountRuling(
                event_id=event_id,
                account_id=account_id,
                occurred_at=now,
                action=actions[rnd.random() < 0.7],
                subject_id=subject_id,
                reviewer_id=f"reviewer-{rnd.randrange(1, 8)}",
                reason="seen and compared with the registry",
            ),
        )

    def _appeal(self, event_id: str, now: int, account: _Account) -> Simulated:
        return Simulated(
            "account.appeals",
            AccountAppeal(
                event_id=event_id,
                account_id=account.id,
                occurred_at=now,
                appeal_id=f"ap-{event_id}",
                measure_id=f"unknown-{self._random.randrange(1_000)}",
                statement="我没有违规，请复核。",
                language="zh",
            ),
        )

    _mix: tuple[tuple[float, Callable[..., Simulated]], ...] = field(
        init=False,
        repr=False,
        default=(
            (0.012, _complaint),
            (0.010, _verification),
            (0.006, _ruling),
            (0.003, _owner_change),
            (0.001, _appeal),
            (0.001, _cancellation),
        ),
    )

    # -- what is written ----------------------------------------------------------------------

    def _persona(self) -> Persona:
        roll = self._random.random()
        for persona in PERSONAS[1:]:
            share = persona.share * (self.offenders if persona.name in OFFENDERS else 1.0)
            if roll < share:
                return persona
            roll -= share
        return PERSONAS[0]

    def _name(self, account: _Account, offending: bool) -> str:
        rnd = self._random
        city = rnd.choice(CITIES)
        if offending and account.persona == "impersonator":
            return rnd.choice(IMPERSONATED).format(city=city)
        if account.subject is SubjectKind.INSTITUTION:
            return rnd.choice(INSTITUTIONS).format(city=city)
        roll = rnd.random()
        if roll < 0.45:
            return rnd.choice(NICKS) + (str(rnd.randrange(100)) if roll < 0.2 else "")
        if roll < 0.85:
            return rnd.choice(SURNAMES) + rnd.choice(GIVEN) + rnd.choice(GIVEN)
        return f"{rnd.choice(LATIN)}_{rnd.randrange(1000)}"

    def _bio(self) -> str:
        return self._random.choice(BIOS).format(city=self._random.choice(CITIES))

    def _image(self) -> str:
        return f"sha256:{self._random.getrandbits(128):032x}"

    def _honest_edit(self, account: _Account) -> dict[str, Any]:
        rnd = self._random
        edited = rnd.choice(EDITED)
        if account.persona == "professional" and rnd.random() < 0.4:
            account.occupation = account.occupation or rnd.choice(OCCUPATIONS)
            return {"badge": f"{rnd.choice(CITIES)}{account.occupation}"}
        if edited == "bio":
            return {"bio": self._bio()}
        if edited == "name":
            return {"name": self._name(account, offending=False)}
        if edited == "signature":
            return {"signature": rnd.choice(SIGNATURES)}
        return {edited: self._image()}

    def _offence(self, account: _Account) -> dict[str, Any]:
        rnd = self._random
        if account.persona == "spammer":
            text = rnd.choice(CONTACTS).format(n=rnd.randrange(10_000))
            return {rnd.choice(("bio", "signature", "bio", "name")): text}
        if account.persona == "impersonator":
            return {"name": self._name(account, offending=True)}
        grand = rnd.choice(STRICT) if rnd.random() < 0.5 else rnd.choice(CLAIMS)
        return {"name": grand}
