"""What authorities order, through the gateway: pauses, overlays, exports."""

from __future__ import annotations

import io
import zipfile
from itertools import cycle
from pathlib import Path

from streams.inspection import verify_export
from streams.packs import find_pack
from streams.views.store import now_ms
from tests.streams.gateway.stack import Stack
from tests.streams.gateway.test_flow import SPAM, open_account
from tests.streams.test_journal import OVERLAY
from tests.support import wait_until

HOUR = 3_600_000


def edit(stack: Stack, account: str, **values: str) -> dict[str, object]:
    answer = stack.client("service").post("/v1/changes", json={"account_id": account, **values})
    assert answer.status_code in (200, 202), answer.text
    verdict: dict[str, object] = answer.json()
    return verdict


def test_a_pause_holds_edits_until_an_operator_ends_it(stack: Stack, account: str) -> None:
    open_account(stack, account, name="清晨散步")
    operator = stack.client("operator")
    body = {
        "reason": "主管部门要求暂停修改简介",
        "ends_at": now_ms() + HOUR,
        "fields": ["BIO"],
        "accounts": [account],
    }
    issued = operator.post("/v1/directives/pauses", json=body)
    assert issued.status_code == 201, issued.text
    name = issued.json()["directive_id"]
    assert issued.json()["issued_by"] == "operator"

    bios = cycle(("今天天气很好", "今天天气真好"))  # what is there already is not judged again

    def held() -> bool:
        return edit(stack, account, bio=next(bios)).get("decision") == "HOLD"

    wait_until(held, 20, "the pause holds an edit", every=0.2)
    assert edit(stack, account, signature="早睡早起").get("decision") == "ALLOW"

    again = operator.post("/v1/directives/pauses", json=body | {"directive_id": name})
    assert again.status_code == 409
    ended = operator.post(f"/v1/directives/{name}/end", json={})
    assert ended.status_code == 200
    assert operator.post(f"/v1/directives/{name}/end", json={}).status_code == 404
    shown = stack.client("viewer").get("/v1/directives").json()["directives"]
    assert name in {directive["directive_id"] for directive in shown}

    def allowed() -> bool:
        verdicts = stack.client("viewer").get(f"/v1/accounts/{account}").json()["verdicts"]
        return {verdict["decision"] for verdict in verdicts[-1:]} == {"ALLOW"} and bool(
            edit(stack, account, bio="明天也会很好").get("decision") == "ALLOW"
        )

    wait_until(allowed, 20, "edits are decided again", every=0.2)


def test_a_pause_that_cannot_be_is_refused_with_the_reason(stack: Stack) -> None:
    operator = stack.client("operator")
    over = {"reason": "r", "ends_at": now_ms() - HOUR}
    assert operator.post("/v1/directives/pauses", json=over).status_code == 409
    never = {"reason": "r", "ends_at": now_ms() + HOUR, "kinds": ["CANCELLATION"]}
    answer = operator.post("/v1/directives/pauses", json=never)
    assert answer.status_code == 422
    assert "never held" in answer.json()["detail"]
    for wrong, said in (
        ({"regions": ["Nowhere"]}, "no IP label shows the region 'Nowhere'"),
        ({"accounts": [" "]}, "an account of the scope is empty"),
        ({"reason": " "}, "the reason is empty"),
    ):
        body = {"reason": "r", "ends_at": now_ms() + HOUR, **wrong}
        answer = operator.post("/v1/directives/pauses", json=body)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]


def test_a_proposed_pack_becomes_an_overlay_by_somebody_elses_hand(
    stack: Stack, account: str
) -> None:
    open_account(stack, account)
    files = {name: data.decode() for name, data in OVERLAY.items()}
    policy = stack.client("policy")
    proposed = policy.post("/v1/packs/proposals", json={"files": files})
    assert proposed.status_code == 201, proposed.text
    address = f"/v1/packs/proposals/{proposed.json()['pack_hash']}/overlay"
    body = {"reason": "紧急处置", "ends_at": now_ms() + HOUR}
    assert policy.post(address, json=body).status_code == 409  # its author
    issued = stack.client("all").post(address, json=body)
    assert issued.status_code == 201, issued.text
    assert issued.json()["kind"] == "OVERLAY"
    assert issued.json()["content"] is None

    bios = cycle(("民间救援队", "民间救援队员"))  # what is there already is not judged again

    def held() -> bool:
        return edit(stack, account, bio=next(bios)).get("decision") == "HOLD"

    def checked() -> str:
        answer = stack.client("service").post("/v1/checks", json={"items": [{"bio": "民间救援队"}]})
        return str(answer.json()["items"][0]["decision"])

    wait_until(held, 20, "the overlay holds an edit", every=0.2)
    wait_until(lambda: checked() == "HOLD", 20, "who types is told so", every=0.2)
    ended = stack.client("all").post(f"/v1/directives/{issued.json()['directive_id']}/end", json={})
    assert ended.status_code == 200
    wait_until(lambda: not held(), 20, "the overlay is over", every=0.2)
    wait_until(lambda: checked() == "ALLOW", 20, "who types is told so", every=0.2)


def test_a_pack_that_clashes_with_what_is_in_force_is_no_overlay(stack: Stack) -> None:
    files = {name: data.decode() for name, data in find_pack("cac2022").items()}
    files["pack.yaml"] = files["pack.yaml"].replace("id: cac2022", "id: another", 1)
    proposed = stack.client("policy").post("/v1/packs/proposals", json={"files": files}).json()
    address = f"/v1/packs/proposals/{proposed['pack_hash']}/overlay"
    body = {"reason": "紧急处置", "ends_at": now_ms() + HOUR}
    answer = stack.client("all").post(address, json=body)
    assert answer.status_code == 422
    assert "both have a rule" in answer.json()["detail"]


def test_evidence_is_held_for_a_case_until_an_operator_releases_it(
    stack: Stack, account: str
) -> None:
    open_account(stack, account)
    operator = stack.client("operator")
    address = f"/v1/accounts/{account}/legal-holds"
    place = {"action": "PLACE_HOLD", "case_id": "2026-117", "reason": "调查取证"}
    held = operator.post(address, json=place)
    assert held.status_code == 200, held.text
    assert "the evidence is held" in held.json()["outcome"]
    assert operator.post(address, json=place).status_code == 409  # it is held already
    released = operator.post(address, json=place | {"action": "RELEASE_HOLD"})
    assert released.status_code == 200, released.text


def test_an_inspection_gets_what_was_ordered_once_somebody_else_approves(
    stack: Stack, account: str, tmp_path: Path
) -> None:
    open_account(stack, account)
    edit(stack, account, bio=SPAM)
    auditor = stack.client("auditor")
    body = {"reference": "2026-117", "accounts": [account], "topics": ["account.verdicts"]}
    blank = auditor.post("/v1/exports/inspections", json=body | {"reference": " "})
    assert blank.status_code == 422
    ordered = auditor.post("/v1/exports/inspections", json=body).json()
    address = f"/v1/exports/inspections/{ordered['inspection_id']}"
    assert auditor.post(f"{address}/approve").status_code == 409  # whoever ordered it
    assert stack.client("Auditor").post(f"{address}/approve").status_code == 409
    assert stack.client("all").get(address).json() == ordered
    archive = stack.client("all").post(f"{address}/approve")
    assert archive.status_code == 200, archive.text
    with zipfile.ZipFile(io.BytesIO(archive.content)) as made:
        made.extractall(tmp_path)
    manifest, problems = verify_export(tmp_path / ordered["inspection_id"])
    assert problems == []
    assert manifest is not None
    assert (manifest.ordered_by, manifest.approved_by) == ("auditor", "all")
    verdicts = (tmp_path / ordered["inspection_id"] / "account.verdicts.jsonl").read_text("utf-8")
    assert "REFUSE" in verdicts
    assert set(manifest.scope.accounts) == {account}


def test_statements_of_reasons_are_lines_of_json(stack: Stack) -> None:
    auditor = stack.client("auditor")
    answer = auditor.get("/v1/exports/statements", params={"territory": "DE,FR"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text == ""  # the pack in force has none: it is not of the EU
    assert auditor.get("/v1/exports/statements", params={"territory": "X"}).status_code == 422
