"""The image worker on a real Kafka, with a real web server and images that are drawn here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from processors.packs import shipped_pack
from schemas.records import (
    AccountChange,
    AccountVerification,
    ChangeKind,
    Decision,
    Field,
    FieldAnalysis,
    ImagePart,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from streams.settings import Settings
from tests.conftest import SettingsFactory
from tests.integration.harness import FROM_ENVIRONMENT, Application
from tests.streams.images.drawn import code, encoded, flag, picture
from tests.streams.images.server import serving
from tests.support import wait_until

WITHIN = 60
AT = 1_700_000_000_000


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The shipped pack, with avatars required, and codes and likeness asked for, but no text."""
    folder = tmp_path / "pack"
    for name, data in shipped_pack().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    main = folder / "pack.yaml"
    text = main.read_text(encoding="utf-8").replace("  required: []", "  required: [AVATAR]")
    kept, dropped = [], ("contacts", "adverts", "state", "strict-words")
    for part in text.split("\n  - id: "):
        if part.split("\n")[0] not in [f"images.{name}" for name in dropped]:
            kept.append(part)
    main.write_text("\n  - id: ".join(kept), encoding="utf-8")
    (folder / "tests.yaml").unlink()
    return folder


@contextmanager
def image_worker(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``zhengming images`` as a process of its own."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set - FROM_ENVIRONMENT}
    variables = {f"ZHENGMING_{name.upper()}": str(value) for name, value in given.items()}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "images"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def member(application: Application, account: str, avatar: str, event: str = "") -> None:
    """Register an account with all that it owes and an avatar."""

    identity = AccountVerification(
        event_id=f"{account}-id",
        account_id=account,
        occurred_at=AT,
        kind=VerificationKind.IDENTITY,
        result=VerificationResult.VERIFIED,
        token=f"tok-{account}",
    )
    change = AccountChange(
        event_id=event or f"{account}-reg",
        account_id=account,
        occurred_at=AT,
        kind=ChangeKind.REGISTRATION,
        name="山茶",
        avatar=avatar,
        agreement_version="1",
    )
    application.publish([("account.verifications", identity)])
    application.drain()
    application.publish([("account.changes", change)])


def decided(application: Application, *accounts: str) -> Callable[[], dict[str, Decision] | None]:
    """The last verdict of each account, once none of them waits for its image."""

    def last() -> dict[str, Decision] | None:
        verdicts: dict[str, Verdict] = {}
        for verdict in application.outputs("account.verdicts"):
            known = verdicts.get(verdict.account_id)
            if known is None or known.revision < verdict.revision:
                verdicts[verdict.account_id] = verdict
        if not set(accounts) <= verdicts.keys():
            return None
        waiting = any("It waits" in verdicts[account].reason for account in accounts)
        return None if waiting else {a: verdicts[a].decision for a in accounts}

    return last


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.obligation("CAC-10-1")
@pytest.mark.obligation("CAC-10-2")
def test_an_avatar_is_fetched_looked_into_and_decided(
    settings: SettingsFactory, tmp_path: Path, pack: Path
):
    """From the change on its topic to the verdict, through a kill -9 of the image worker."""
    with serving(
        picture={"body": encoded(picture()), "type": "image/png"},
        code={"body": encoded(code("https://u.wechat.com/EXAMPLE"), "JPEG"), "type": "image/jpeg"},
        flag={"body": encoded(flag(300), "WEBP"), "type": "image/webp"},
        page={"body": b"<html>", "type": "text/html"},
    ) as server:
        base = f"http://localhost:{server.port}"
        ours = settings(
            pack=str(pack),
            partitions=2,
            image_hosts=f"localhost,localhost:{server.port}",
            image_networks="127.0.0.0/8,::1/128",
            image_http="true",
        )
        log = tmp_path / "images.log"
        with Application(ours) as application:
            application.worker().await_ready()
            for name in ("picture", "code", "flag", "page"):
                member(application, name, f"{base}/{name}")
            application.drain()
            with image_worker(ours, log) as first:
                wait_until(lambda: server.asked, WITHIN, f"an image is fetched\n{log.read_text()}")
                first.send_signal(signal.SIGKILL)
                first.wait()
            with image_worker(ours, log) as second:
                found = wait_until(
                    decided(application, "picture", "code", "flag", "page"), WITHIN, "all decided"
                )
                member(application, "elsewhere", "http://169.254.169.254/latest/meta-data")
                refused = wait_until(decided(application, "elsewhere"), WITHIN, "decided")
                second.send_signal(signal.SIGTERM)
                assert second.wait(60) == 0, log.read_text()
            assert found == {
                "picture": Decision.ALLOW,
                "code": Decision.REFUSE,
                "flag": Decision.STRICT_HOLD,
                "page": Decision.HOLD,
            }
            assert refused == {"elsewhere": Decision.HOLD}
            application.drain()
            application.assert_sound()
            analyses: dict[str, FieldAnalysis] = {
                analysis.account_id: analysis
                for analysis in application.outputs("account.analyses")
            }
    assert {a.field for a in analyses.values()} == {Field.AVATAR}
    image = analyses["code"].image
    assert image is not None
    assert image.codes == ("wechat",)
    assert {ImagePart.CODES, ImagePart.HASH} <= set(image.parts)
    details = {name: analyses[name].image for name in ("page", "elsewhere")}
    assert details["page"] is not None
    assert details["page"].detail == "The image was not fetched: the server sent no image."
    assert details["elsewhere"] is not None
    assert details["elsewhere"].detail == "The image was not fetched: the host is not allowed."
