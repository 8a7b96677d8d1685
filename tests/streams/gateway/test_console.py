"""The console in a real browser, on the real stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from benchmarks.console import PAGES, Visitor
from schemas.codec import decode
from schemas.records import AccountRuling, AuthorityReport, MeasureStep
from streams.children import free_ports
from streams.clients import read_all
from streams.sandbox import own_redis
from streams.topics import real_name
from streams.views.store import now_ms
from tests.streams.gateway.browser import open_browser
from tests.streams.gateway.stack import Stack
from tests.streams.gateway.test_flow import STRICT, escalation_of, known_identity, open_account
from tests.streams.views.outputs import publish
from tests.support import wait_until

WITHIN_MS = 30_000
LEFT_OUT_MS = 10_000
TRANSFERRED = """['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
    .map(entry => entry.transferSize)"""
MOST_FILES, MOST_BYTES = 25, 2_500_000
"""Half of the bytes are the library of charts, which the overview loads."""
expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, stack: Stack) -> Iterator[Open]:
    """Log somebody in; every request of the page, and every error on it, is kept."""
    contexts: list[Any] = []

    def open_as(
        name: str, width: int = 1440, language: str = "en-US", url: str = stack.url, **more: Any
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, **more
        )
        context.set_default_timeout(WITHIN_MS)
        contexts.append(context)
        page: Page = context.new_page()
        page.asked, page.errors = set(), []  # type: ignore[attr-defined]
        page.on("request", lambda request: page.asked.add(request.url.split("/")[2]))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        page.goto(url + "/")
        expect(page).to_have_url(url + "/login")
        page.locator("#credential").fill(stack.keys[name])
        page.keyboard.press("Enter")
        expect(page).to_have_url(url + "/")
        return page

    yield open_as
    for context in contexts:
        context.close()


def live_edit(stack: Stack, account: str, **values: str) -> dict[str, Any]:
    """An edit that is live already."""
    body = {"account_id": account, "phase": "APPLIED", "occurred_at": now_ms()} | values
    answer = stack.client("service").post("/v1/changes", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shows(place: Locator, text: str) -> bool:
    """Whether a place comes to show a text; an input that cannot be read soon is left out."""
    try:
        expect(place).to_contain_text(text, timeout=LEFT_OUT_MS)
    except AssertionError:
        return False
    return True


def test_a_spammers_edit_appears_a_reviewer_rules_by_key_and_the_disposal_shows(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account)
    page = opened("all", language="zh-CN")
    text = "最高人民法院发布 <b>速看</b>"
    assert live_edit(stack, account, name=text)["decision"] in ("HOLD", "STRICT_HOLD")

    expect(page.locator("table", has_text=account).first).to_be_visible()
    page.get_by_role("link", name="审核").press("Enter")

    def chosen() -> bool:
        page.locator(f'.case[data-account="{account}"]').focus()
        page.keyboard.press("Enter")
        expect(page.locator(".desk .title")).to_have_text(account)
        return shows(page.locator("blockquote"), text)

    wait_until(chosen, 60, "the case is shown with its text")
    expect(page.locator("blockquote")).to_have_text(text)
    expect(page.locator("blockquote mark").first).to_contain_text("最高人民法院")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="释放")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator(f'.case[data-account="{account}"]')).to_have_count(0)

    page.goto(f"{stack.url}/accounts?id={account}")
    expect(page.locator(".card", has_text="现行措施")).to_contain_text("限期改正")

    def asked() -> bool:
        page.reload()
        page.get_by_role("button", name=re.compile("查看原文")).press("Enter")
        return shows(page.locator(".card", has_text="当前信息"), text)

    wait_until(asked, 60, "the account's text is shown")
    page.goto(stack.url + "/")
    expect(page.locator(".card", has_text="最近处置")).to_contain_text(account)
    assert page.asked == {f"127.0.0.1:{stack.port}"}  # type: ignore[attr-defined]
    assert page.errors == []  # type: ignore[attr-defined]


def test_who_works_by_keyboard_keeps_the_place(stack: Stack, account: str, opened: Open) -> None:
    open_account(stack, account)
    live_edit(stack, account, name="最高人民法院发布")
    page = opened("bob", language="en-US")
    page.goto(stack.url + "/reviews")
    case = page.locator(f'.case[data-account="{account}"]')
    case.press("Enter")
    expect(page.locator(".desk .title")).to_have_text(account)
    expect(case).to_have_attribute("aria-current", "true")
    expect(case).to_be_focused()
    page.get_by_role("button", name="Claim").press("Enter")
    expect(case).to_contain_text("bob")
    expect(page.locator(".desk section:has(.title)")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".desk .title a")).to_be_focused()
    page.get_by_role("button", name="Reject").press("Enter")
    expect(case).to_have_count(0)


def choose(page: Page, stack: Stack, account: str) -> None:
    """Open the reviews at the case of an account."""
    page.goto(stack.url + "/reviews")
    page.locator(f'.case[data-account="{account}"]').press("Enter")
    expect(page.locator(".desk .title")).to_have_text(account)


def proposed(stack: Stack, account: str, name: str) -> dict[str, Any]:
    """A name that waits for its verdict."""
    body = {"account_id": account, "name": name}
    return stack.client("service").post("/v1/changes", json=body).json()  # type: ignore[no-any-return]


def test_a_key_that_is_held_with_another_is_the_browsers_and_decides_nothing(
    stack: Stack, account: str, opened: Open
) -> None:
    """Command and R loads a page anew on a Mac, and Command and A marks all of it."""
    open_account(stack, account)
    proposed(stack, account, "最高人民法院发布")
    page = opened("bob")
    choose(page, stack, account)
    for held in ("Meta", "Alt", "Control"):
        for key in ("a", "r", "c"):
            # As the browser tells the page of it; what the browser does besides is not asked for.
            page.evaluate(
                "([key, held]) => document.dispatchEvent(new KeyboardEvent('keydown',"
                " {key, code: 'Key' + key.toUpperCase(), [held]: true}))",
                [key, {"Meta": "metaKey", "Alt": "altKey", "Control": "ctrlKey"}[held]],
            )
    page.keyboard.press("c")
    case = page.locator(f'.case[data-account="{account}"]')
    expect(page.get_by_role("button", name="Release")).to_be_visible()  # none came before this one
    assert case.count() == 1
    told = stack.client("viewer").get(f"/v1/accounts/{account}").json()
    assert told["verdicts"][-1]["decision"] in ("HOLD", "STRICT_HOLD")
    assert not any(line["kind"] == "RULING" for line in told.get("audit", []))


def rulings(stack: Stack, account: str) -> int:
    """How often an account was ruled upon."""
    told = stack.client("viewer").get(f"/v1/accounts/{account}").json()
    return sum(line["kind"] == "RULING" for line in told.get("audit", []))


class Late:
    """What the server says to a page, held back while ``held``: the page is behind meanwhile."""

    def __init__(self, page: Page) -> None:
        self.held = False
        self._page = page
        self._kept: list[str] = []
        page.route_web_socket("**/_nicegui_ws/**", self._join)

    def has(self, text: str) -> bool:
        """Whether something with this text is on its way."""
        self._page.title()  # Playwright hands messages on while it is asked for something
        return any(text in message for message in self._kept)

    def catch_up(self) -> None:
        """Hand on what was held back."""
        self.held = False
        for message in self._kept:
            self._route.send(message)

    def _join(self, route: WebSocketRoute) -> None:
        self._route = route
        route.connect_to_server().on_message(self._told)

    def _told(self, message: str | bytes) -> None:
        if self.held and isinstance(message, str) and message.startswith("42"):  # else a ping
            self._kept.append(message)
        else:
            self._route.send(message)


def test_a_key_pressed_twice_rules_on_no_case_that_was_not_shown_yet(
    stack: Stack, account: str, opened: Open
) -> None:
    """The second press comes while the next case is still on its way to the browser."""
    following = f"{account}-next"
    for each in (account, following):
        open_account(stack, each)
        proposed(stack, each, "最高人民法院发布")
        escalation_of(stack, each)
    page = opened("bob")
    late = Late(page)
    choose(page, stack, account)
    ids = page.locator(".case").evaluate_all("all => all.map(one => one.dataset.account)")
    after = [*ids, ids[ids.index(account) - 1]][ids.index(account) + 1]
    before = rulings(stack, after)
    late.held = True
    page.keyboard.press("r")
    on_its_way = f'href=\\"/accounts?id={after}\\"'
    wait_until(lambda: late.has(on_its_way), 60, "the next case is on its way", every=0.1)
    expect(page.locator(".desk .title")).to_have_text(account)
    page.keyboard.press("r")
    late.catch_up()
    expect(page.locator(".desk .title")).to_have_text(after)
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Release")).to_be_visible()  # no key came before it
    assert rulings(stack, after) == before
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Claim")).to_be_visible()


def test_a_page_that_stands_open_does_and_shows_nothing_more_after_the_logout(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account)
    proposed(stack, account, "最高人民法院发布")
    escalation_of(stack, account)
    desk, overview = opened("bob"), opened("bob")
    choose(desk, stack, account)
    dossier = desk.context.new_page()
    dossier.goto(f"{stack.url}/accounts?id={account}")
    dossier.get_by_role("button", name=re.compile("Show texts")).focus()
    third = desk.context.new_page()
    third.goto(stack.url + "/packs")
    third.get_by_role("button", name="Log out").press("Enter")
    expect(third).to_have_url(stack.url + "/login")
    before = stack.log("gateway").count("texts read")
    desk.keyboard.press("r")
    dossier.keyboard.press("Enter")
    for page in (desk, dossier):
        expect(page).to_have_url(stack.url + "/login")
    assert rulings(stack, account) == 0
    assert stack.log("gateway").count("texts read") == before
    expect(overview).to_have_url(stack.url + "/")  # another session, which goes on
    again = overview.context.new_page()
    again.goto(stack.url + "/packs")
    again.get_by_role("button", name="Log out").press("Enter")
    expect(overview).to_have_url(stack.url + "/login")  # by itself: nobody does anything on it


def test_a_ruling_that_changes_nothing_is_told_as_such(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account)
    proposed(stack, account, STRICT)
    page = opened("bob")
    choose(page, stack, account)
    page.get_by_role("button", name="Approve").press("Enter")
    told = page.get_by_role("alert")
    expect(told.filter(has_text="first of two reviewers")).to_contain_text("Ruled: ")
    choose(page, stack, account)  # it waits for somebody else
    expect(page.locator(".desk")).to_contain_text("Ruled before")
    page.get_by_role("button", name="Approve").press("Enter")
    expect(told.filter(has_text="two different reviewers")).to_contain_text(
        "The ruling is kept, but changes nothing: "
    )
    choose(page, stack, account)


def test_who_complains_is_asked_for_evidence_by_one_key(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account, bio="写写画画")
    body = {"account_id": account, "category": "IMPERSONATION", "field": "BIO"}
    receipt = stack.nobody.post("/v1/complaints", json=body).headers["location"]
    escalation_of(stack, account, "complaint")
    page = opened("bob")
    page.goto(stack.url + "/reviews?queue=complaint")
    page.locator(f'.case[data-account="{account}"]').press("Enter")
    expect(page.locator(".desk .title")).to_have_text(account)
    page.keyboard.press("e")
    expect(page.get_by_role("alert").filter(has_text="evidence is asked for")).to_be_visible()
    expect(page.locator(f'.case[data-account="{account}"]')).to_have_count(0)
    told = stack.nobody.get(receipt).json()
    assert told["state"] == "NEED_EVIDENCE", "whose turn it is must be told"


def complained_of(stack: Stack, account: str, opened: Open, **more: str) -> Page:
    """The desk with a complaint about an account on it."""
    open_account(stack, account, bio="写写画画")
    body = {"account_id": account, "category": "OTHER"} | more
    assert stack.nobody.post("/v1/complaints", json=body).status_code == 201
    escalation_of(stack, account, "complaint")
    page = opened("bob")
    page.goto(stack.url + "/reviews?queue=complaint")
    page.locator(f'.case[data-account="{account}"]').press("Enter")
    expect(page.locator(".desk .title")).to_have_text(account)
    return page


def test_a_reviewer_chooses_the_measure_and_the_field_of_a_complaint(
    stack: Stack, account: str, opened: Open
) -> None:
    page = complained_of(stack, account, opened)  # as a whole: no field is named
    page.get_by_label("Measure").select_option("Correction")
    page.get_by_label("Field").select_option("Bio")
    page.get_by_role("button", name="Uphold").press("Enter")
    expect(page.locator(f'.case[data-account="{account}"]')).to_have_count(0)

    def ordered() -> bool:
        told = stack.client("viewer").get(f"/v1/accounts/{account}").json()
        return [(m["step"], m["fields"]) for m in told.get("measures", [])] == [
            ("CORRECT", ["BIO"])
        ]

    wait_until(ordered, 20, "what was chosen is in force")


def test_a_complaint_that_is_manifestly_unfounded_is_dismissed_as_such(
    stack: Stack, account: str, opened: Open
) -> None:
    page = complained_of(stack, account, opened, field="BIO")
    page.get_by_label("Manifestly unfounded").check()
    page.get_by_role("button", name="Dismiss").press("Enter")
    expect(page.locator(f'.case[data-account="{account}"]')).to_have_count(0)
    topic = real_name(stack.settings, "account.rulings")
    rulings = [decode(AccountRuling, one.value()) for one in read_all(stack.settings, [topic])]
    assert [ruling.misuse for ruling in rulings if ruling.account_id == account] == [True]


def test_what_another_reviewer_does_with_a_case_is_told_to_who_looks_at_it(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account)
    proposed(stack, account, "最高人民法院发布")
    ann, bob = opened("ann"), opened("bob")
    choose(ann, stack, account)
    choose(bob, stack, account)
    bob.locator("#reason").fill("this is written with care")
    ann.get_by_role("button", name="Claim").press("Enter")
    expect(bob.locator(".desk")).to_contain_text("claimed by ann")
    expect(bob.locator("#reason")).to_have_value("this is written with care")
    bob.get_by_role("button", name="Reject").press("Enter")
    expect(bob.get_by_role("alert")).to_contain_text("Somebody else has claimed it.")
    expect(ann.get_by_role("button", name="Release")).to_be_visible()
    ann.get_by_role("button", name="Reject").press("Enter")
    expect(bob.get_by_role("alert").filter(has_text=account)).to_contain_text(
        "This case is settled already."
    )
    expect(bob.locator(".desk .title").filter(has_text=account)).to_have_count(0)


def test_a_reason_that_was_typed_stands_in_the_record_also_when_the_case_is_claimed_then(
    stack: Stack, account: str, opened: Open
) -> None:
    open_account(stack, account)
    proposed(stack, account, "最高人民法院发布")
    page = opened("bob")
    choose(page, stack, account)
    page.locator("#reason").fill("the court has told us that it is not theirs")
    page.get_by_role("button", name="Claim").press("Enter")
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    page.get_by_role("button", name="Reject").press("Enter")
    expect(page.locator(f'.case[data-account="{account}"]')).to_have_count(0)

    def told() -> bool:
        audit = stack.client("viewer").get(f"/v1/accounts/{account}").json().get("audit", [])
        return any("the court has told us" in line["summary"] for line in audit)

    wait_until(told, 20, "the reason stands in the record")


def test_without_the_views_no_page_says_that_nothing_waits(stack: Stack, opened: Open) -> None:
    redis = own_redis(*free_ports(1))
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    child = stack.start("gateway", ZHENGMING_GATEWAY_PORT=str(port), ZHENGMING_REDIS=redis.url)
    try:
        wait_until(lambda: answers(url), 30, "the gateway answers", every=0.1)
        page = opened("all", url=url)
        page.goto(url + "/reviews")
        expect(page.get_by_text("Nothing waits here.")).to_be_visible()
        redis.close()
        expect(page.get_by_text("The views do not answer").first).to_be_visible()
        expect(page.get_by_text("Nothing waits here.")).to_have_count(0)
        for way in ("/", "/reviews", "/complaints", "/accounts"):
            page.goto(url + way)
            expect(
                page.locator("main").get_by_text("The views do not answer").first
            ).to_be_visible()
            expect(page.get_by_text("Nothing waits here.")).to_have_count(0)
    finally:
        redis.close()
        child.stop()


def answers(url: str) -> bool:
    """Whether a gateway is there, whatever it says."""
    try:
        return httpx.get(url + "/health").status_code == 200
    except httpx.TransportError:
        return False


def test_the_other_language_shows_the_same_page(stack: Stack, account: str, opened: Open) -> None:
    live_edit(stack, account, name="林小鱼")
    wait_until(
        lambda: stack.client("viewer").get(f"/v1/accounts/{account}").status_code == 200,
        60,
        "known",
    )
    page = opened("viewer")
    page.goto(f"{stack.url}/accounts?id={account}")
    page.get_by_role("link", name="中文").press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".title")).to_have_text(account)


def test_a_list_with_the_focus_stands_still(stack: Stack, account: str, opened: Open) -> None:
    def found(name: str) -> None:
        open_account(stack, name)
        live_edit(stack, name, name="最高人民法院发布")

    found(account)
    page, beside = opened("viewer"), opened("viewer")
    link = page.get_by_role("link", name=account, exact=True).first
    link.focus()
    for later in (f"{account}-1", f"{account}-2"):  # the second comes after a refresh of the first
        found(later)
        expect(beside.get_by_role("link", name=later, exact=True).first).to_be_visible()
    expect(link).to_be_focused()
    expect(page.get_by_text(f"{account}-1")).to_have_count(0)
    page.locator(".brand").focus()
    expect(page.get_by_text(f"{account}-1").first).to_be_visible()


@pytest.mark.obligation("CAC-16")
def test_a_viewer_sees_numbers_but_no_review_and_no_text(
    stack: Stack, account: str, opened: Open
) -> None:
    known_identity(stack, account)
    page = opened("viewer")
    expect(page.locator(".numbers b").first).to_be_visible()
    page.goto(stack.url + "/reviews")
    expect(page.get_by_text("Your role does not show this page.")).to_be_visible()
    live_edit(stack, account, name="林小鱼")
    wait_until(
        lambda: stack.client("viewer").get(f"/v1/accounts/{account}").status_code == 200,
        60,
        "known",
    )
    page.goto(f"{stack.url}/accounts?id={account}")
    expect(page.locator(".title")).to_have_text(account)
    expect(page.get_by_text("Timeline")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Show texts")).count() == 0
    assert "林小鱼" not in page.content()


def test_what_is_due_to_the_authorities_is_shown_to_who_may_read_it_behind_all_that_was_due_before(
    stack: Stack, account: str, opened: Open
) -> None:
    now, minute = now_ms(), 60_000
    due = [now - n * minute for n in range(1, 102)] + [now + 30 * minute]
    reports = [
        AuthorityReport(
            account_id=account,
            account_seq=1,
            event_id="e1",
            report_id=f"{account}-{at}",
            measure_id="m1",
            step=MeasureStep.SUSPEND,
            rule_id="r1",
            article="Art. 9",
            summary="Found and done.",
            due_at=at,
            at=now,
            pack_id="p",
            pack_version="1",
            pack_hash="0",
            taken_back=at > now,
        )
        for at in due
    ]
    publish(stack.settings, reports)
    operator = stack.client("operator")
    everything = {"start": 100, "limit": 100}
    wait_until(
        lambda: account in operator.get("/v1/reports", params=everything).text, 30, "they are read"
    )
    page = opened("operator", language="en-US")
    page.goto(stack.url + "/complaints")
    card = page.locator(".card", has_text="Reports due")
    row = card.locator("tr", has_text=account)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Suspension")
    expect(row).to_contain_text("Amended: taken back")
    expect(card).to_contain_text(re.compile(r"Time has passed: \d{3}"))
    for other in ("reviewer", "viewer"):
        page = opened(other, language="en-US")
        page.goto(stack.url + "/complaints")
        expect(page.locator(".card h2")).to_have_text(["Complaints"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_fits_its_screen_in_light_and_dark(
    stack: Stack, opened: Open, width: int, scheme: str
) -> None:
    page = opened("all", width, color_scheme=scheme)
    expect(page.locator(".numbers b").first).to_be_visible()
    expect(page.locator(".nicegui-echart canvas")).to_be_visible()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 248)"
    assert light == (scheme == "light")
    for way in PAGES:
        page.goto(stack.url + way)
        expect(page.locator("nav a[aria-current]").first).to_be_visible()
        page.locator("main.content > *").first.wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (way, wide)
    assert page.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("language", "names", "chart", "curve"),
    [
        (
            "en-US",
            ("Overview", "Reviews", "Complaints", "Accounts", "Packs"),
            r"Verdicts by minute: [\d,]+ within the hour, most at \d\d:\d\d",
            r"Credit curve: from 700 to 700",
        ),
        (
            "zh-CN",
            ("概览", "审核", "投诉", "账号", "策略包"),
            r"每分钟结论：一小时内共 [\d,]+ 条，\d\d:\d\d 最多",
            r"信用曲线：由 700 至 700",
        ),
    ],
)
def test_every_page_says_its_language_its_name_and_what_its_charts_show(
    stack: Stack,
    account: str,
    opened: Open,
    language: str,
    names: tuple[str, ...],
    chart: str,
    curve: str,
) -> None:
    live_edit(stack, account, name="林小鱼")
    page = opened("all", language=language)
    for way, name in zip(PAGES, names, strict=True):
        page.goto(stack.url + way)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("banner")).to_have_count(1)
        expect(page.locator("th:empty")).to_have_count(0)
    page.goto(stack.url + "/")
    expect(page.get_by_role("img", name=re.compile(chart))).to_be_visible()
    wait_until(
        lambda: stack.client("viewer").get(f"/v1/accounts/{account}").status_code == 200,
        60,
        "known",
    )
    page.goto(f"{stack.url}/accounts?id={account}")
    expect(page.get_by_role("img", name=re.compile(curve))).to_be_visible()
    page.get_by_role("button", name=re.compile("退出|Log out")).press("Enter")
    expect(page).to_have_url(stack.url + "/login")
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_a_wrong_key_a_used_code_and_a_stranger_get_no_further(
    stack: Stack, browser: Browser
) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    for way in ("/", "/reviews", "/accounts?id=x", "/packs"):
        page.goto(stack.url + way)
        expect(page).to_have_url(stack.url + "/login")
    page.locator("#credential").fill("zm_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This key or code is not valid")
    page.goto(stack.url + "/login/never-given-out-0000")
    expect(page.get_by_role("alert")).to_be_visible()
    context.close()


@pytest.mark.parametrize("way", PAGES)
def test_every_page_is_painted_of_little_for_a_browser_that_is_new_to_it(
    stack: Stack, browser: Browser, way: str
) -> None:
    """What of its paint does not depend on the machine."""
    with Visitor(browser, stack.url, stack.keys["all"]).visit(way) as page:
        page.wait_for_load_state()
        sizes = page.evaluate(TRANSFERRED)
    assert len(sizes) <= MOST_FILES
    assert sum(sizes) <= MOST_BYTES


@pytest.mark.parametrize("way", PAGES)
def test_every_page_is_painted_within_a_second_and_a_half_by_a_browser_that_is_new_to_it(
    stack: Stack, browser: Browser, way: str
) -> None:
    visitor = Visitor(browser, stack.url, stack.keys["all"])
    wait_until(
        lambda: visitor.paint(way) < 1_500,
        60,
        "a page is painted in 1.5 s, other work on this machine permitting",
    )
