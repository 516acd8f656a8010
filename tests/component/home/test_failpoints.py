"""Failpoints: each name stands at one place of the code, and only the one asked for kills."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter

from pipeline.home.failpoints import NAMES, VARIABLE
from pipeline.home.paths import PROJECT_ROOT


def test_every_name_is_placed_once_and_every_place_is_named() -> None:
    placed: Counter[str] = Counter()
    n_calls = 0
    for file in (PROJECT_ROOT / "pipeline").rglob("*.py"):
        if file.name != "failpoints.py":
            text = file.read_text(encoding="utf-8")
            placed.update(re.findall(r'failpoint\("(\w+)"\)', text))
            n_calls += text.count("failpoint(")
    assert placed == Counter(NAMES)
    assert n_calls == len(NAMES)


def run(asked: str | None) -> subprocess.CompletedProcess[str]:
    code = (
        "from pipeline.home.failpoints import failpoint\n"
        "for name in ('ingest_staged', 'publish_copied', 'publish_copied'):\n"
        "    print(name, flush=True)\n"
        "    failpoint(name)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if asked is not None:
        environment[VARIABLE] = asked
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_off_by_default() -> None:
    outcome = run(None)
    assert outcome.returncode == 0
    assert len(outcome.stdout.split()) == 3


def test_the_process_dies_at_the_place_asked_for() -> None:
    outcome = run("publish_copied")
    assert outcome.returncode == -signal.SIGKILL
    assert outcome.stdout.split() == ["ingest_staged", "publish_copied"]


def test_the_second_time_is_the_second_time() -> None:
    assert run("publish_copied:2").stdout.split() == ["ingest_staged", "publish_copied", "publish_copied"]
    assert run("publish_copied:3").returncode == 0


def test_a_misspelt_name_says_so_instead_of_never_firing() -> None:
    outcome = run("publish_copyed")
    assert outcome.returncode == 1
    assert "no failpoint 'publish_copyed'" in outcome.stderr
