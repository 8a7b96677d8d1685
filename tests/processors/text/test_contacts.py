"""Contacts: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from processors.text import Outcome, find_contacts

CONTACTS = [
    ("请看 https://example.com/a?b=1", "url"),
    ("hxxp://example.com", "url"),
    ("WWW.EXAMPLE.COM", "url"),
    ("ｗｗｗ.example.cn", "url"),
    ("example.com", "domain"),
    ("我的店 shop-1.example.top", "domain"),
    ("example点com", "domain"),
    ("example dot com", "domain"),
    ("example[.]net", "domain"),
    ("example(dot)org", "domain"),
    ("example。com", "domain"),
    ("example . com", "domain"),
    ("ex\u200bample.c\u200bom", "domain"),
    ("t.me/someone99", "domain"),
    ("bit.ly/3abcd", "domain"),
    ("百货.com", "domain"),
    ("888.vip", "domain"),
    ("someone@example.com", "email"),
    ("Some.One+x@Example.CO", "email"),
    ("someone艾特example.com", "email"),
    ("someone(at)example.com", "email"),
    ("someone [at] example [dot] com", "email"),
    ("123456789@qq", "email"),
    ("abc12345的qq邮箱", "email"),
    ("13800138000", "phone"),
    ("138 0013 8000", "phone"),
    ("138-0013-8000", "phone"),
    ("１３８００１３８０００", "phone"),
    ("1 3 8 0 0 1 3 8 0 0 0", "phone"),
    ("1.3.8.0.0.1.3.8.0.0.0", "phone"),
    ("①③⑧⓪⓪①③⑧⓪⓪⓪", "phone"),
    ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "phone"),
    ("一三八零零一三八零零零", "phone"),
    ("幺三捌〇〇幺三捌〇〇〇", "phone"),
    ("١٣٨٠٠١٣٨٠٠٠", "phone"),
    ("+86 138 0013 8000", "phone"),
    ("008613800138000", "phone"),
    ("(021) 62345678", "phone"),
    ("0755-2345678", "phone"),
    ("400-800-1234", "phone"),
    ("+1 (415) 555-2671", "phone"),
    ("电话：62345678", "phone"),
    ("微信abc12345", "wechat"),
    ("微信：zhangsan", "wechat"),
    ("加微信 abc_12345", "wechat"),
    ("微 信 abc12345", "wechat"),
    ("vx：abc12345", "wechat"),
    ("ＶＸabc12345", "wechat"),
    ("v❤abc12345", "wechat"),
    ("薇信abc12345", "wechat"),
    ("威信号：abc12345", "wechat"),
    ("加V abc12345", "wechat"),
    ("wx号13800138000", "wechat"),
    ("WeChat: zhangsan", "wechat"),
    ("QQ123456789", "qq"),
    ("扣扣：12345678", "qq"),
    ("Q群 123456789", "qq"),
    ("q:12345678", "qq"),
    ("企鹅号：1234567", "qq"),
    ("Q Q 1 2 3 4 5 6 7", "qq"),
    ("telegram: @someone", "telegram"),
    ("TG@someone99", "telegram"),
    ("电报号 someone99", "telegram"),
    ("WhatsApp +44 7911 123456", "whatsapp"),
    ("LINE ID: some_one", "line"),
    ("抖音号：abc12345", "handle"),
]
INVITATIONS = [
    "加我微信",
    "加V领资料",
    "➕薇了解",
    "扫码进群",
    "扫描二维码",
    "微信同号",
]
HONEST = [
    "出生于1998.12.25",
    "1998-12-25-123",
    "版本v2.0.1",
    "圆周率3.14159265358979",
    "3.13800138000",
    "晚上8点见",
    "8点com",
    "2023-11-15 12:30",
    "1998-2002年在北京",
    "1995.12.25-2020.1.1",
    "微信支付很方便",
    "微信公众号开发者",
    "微信100000粉",
    "微信2013年上线",
    "WeChat developer",
    "QQ飞车玩家",
    "QQ2440",
    "QQ音乐2023",
    "加V认证",
    "加微博关注",
    "威信很高",
    "卫星云图2023",
    "飞机驾驶员",
    "企鹅爱好者",
    "ASP.NET 开发者",
    "Vue.js and Node.js",
    "C++ / C# / .NET",
    "The finish line: winners",
    "Love life. me too",
    "I like tea. Come on",
    "Meet me at home",
    "粉丝100000人",
    "学号20231234567",
    "ISBN 978-7-111-11111-1",
    "比分3:2，胜率98.5%",
    "价格1299元",
    "@小明 是我朋友",
    "身高180体重75",
    "一二三四五六七八九十",
    "二零二三年一月一日",
    "1700000000000",
    "2000000000",
    "电话亭",
    "我的手机没电了",
    "ins风",
    "抖音2020年入驻",
    "balance 13.5k",
    "第13800名",
    "A.I. 研究",
    "12345678",
    "QQ",
    "",
]


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize(("text", "entry"), CONTACTS)
def test_a_contact_is_found_however_it_is_written(text: str, entry: str):
    assert [(m.entry, m.outcome) for m in find_contacts([text])[0]] == [(entry, Outcome.REJECT)]


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("text", INVITATIONS)
def test_an_invitation_without_an_id_is_for_review(text: str):
    matches = find_contacts([text])[0]
    assert [(m.entry, m.outcome) for m in matches] == [("invitation", Outcome.REVIEW)]


@pytest.mark.parametrize("text", ["不加微信", "请勿加我微信", "谢绝加V"])
def test_who_declines_contacts_invites_nobody(text: str):
    assert {m.outcome for m in find_contacts([text])[0]} == {Outcome.ACCEPT}


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("text", HONEST)
def test_an_honest_number_or_word_is_no_contact(text: str):
    assert find_contacts([text]) == [()]


def test_a_contact_is_never_named_by_its_own_text():
    for text, _ in CONTACTS:
        for match in find_contacts([text])[0]:
            assert match.entry == match.tag
            assert not any(char.isdigit() for char in match.entry)


def test_an_id_takes_the_place_of_the_invitation_around_it():
    (match,) = find_contacts(["扫码加我微信abc12345"])[0][-1:]
    assert match.entry == "wechat"


def test_spans_are_those_of_the_original():
    text = "来\u200b聊 ｖｘ：ａbc12345 吧"
    (match,) = find_contacts([text])[0]
    assert text[match.start : match.end] == "ｖｘ：ａbc12345"
