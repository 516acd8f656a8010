"""A simulated shop sends its events to a collector, and a night's ingest loads each of them once."""

from __future__ import annotations

import json
import socket
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_process import Process
from ingest_home import Home
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.simulate import Sender, Shop, SimulationError, send_live
from pipeline.simulate import simulate as simulate_shop
from pipeline.simulate.live import Sent

SOURCE = {"name": "shop", "path": "{home}/data/raw/shop/**/*.jsonl*"}
SHOP = Shop(users=40, days=3, seed=7)


def test_the_events_of_a_day_that_has_passed_are_loaded_as_the_shop_made_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", SOURCE)
    process = Process(home.folder, config=(home.folder / "growth.yaml").read_text()).wait_until_ready()
    end_of_day = datetime.now(UTC).replace(hour=23, minute=59, second=59, microsecond=999_999)
    said: list[str] = []
    sent = send_live(Sender(f"http://127.0.0.1:{process.port}", ""), SHOP, said.append, clock=lambda: end_of_day)
    assert process.end() == 0
    result = home.ingest(now=end_of_day + timedelta(days=1))
    assert result.n_accepted <= sent.n_accepted and sent.n_accepted > 300  # ingest rejects broken times besides
    first = end_of_day.date() - timedelta(days=SHOP.days - 1)
    told = simulate_shop(tmp_path / "truth", SHOP.users, SHOP.days, SHOP.seed, first)
    loaded = Counter(row["event_id"] for row in home.events())
    assert len(loaded) == told.n_events
    assert {row["event_at"].date() for row in home.events()} <= {first + timedelta(days=n) for n in range(SHOP.days)}
    agents = {row["user_agent"] for row in home.events()}
    assert len(agents) > 3 and not any("python" in (agent or "").lower() for agent in agents)


def test_what_has_not_happened_yet_is_sent_when_it_happens() -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    now, waited, sizes = [noon], [0.0], []

    class Recorder(Sender):
        def connect(self) -> None: ...

        def send(self, events: list[dict[str, Any]], user_agent: str) -> Sent:
            sizes.append(len(events))
            stamps = [event["timestamp"] for event in events if event["timestamp"].startswith(f"{noon:%Y}")]
            assert all(datetime.fromisoformat(stamp) <= now[0] for stamp in stamps)
            return Sent(len(events))

    def wait(seconds: float) -> None:
        waited[0] += seconds
        now[0] += timedelta(seconds=seconds)

    said: list[str] = []
    send_live(Recorder("http://127.0.0.1:9", ""), SHOP, said.append, clock=lambda: now[0], wait=wait)
    assert len(said) == 1 and "up to now" in said[0]
    assert 0 < waited[0] <= 12 * 3600
    assert sum(sizes) > 300


def test_a_connection_that_the_server_ended_is_made_again(tmp_path: Path) -> None:
    process = Process(tmp_path).wait_until_ready()
    sender, event = (
        Sender(f"http://127.0.0.1:{process.port}", ""),
        {"timestamp": "2026-01-05T10:00:00Z", "userId": "u1"},
    )
    assert sender.send([{**event, "event": "a"}], "Firefox").n_accepted == 1
    sender._connection.sock.shutdown(socket.SHUT_RDWR)
    assert sender.send([{**event, "event": "b"}], "Firefox").n_accepted == 1
    assert process.end() == 0
    with pytest.raises(SimulationError, match="no answer"):
        sender.send([{**event, "event": "c"}], "Firefox")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SimulationError, match="expected the address of a collector"):
        Sender(url, "")


def test_without_a_collector_the_command_says_how_to_start_one(tmp_path: Path) -> None:
    arguments = ["simulate", "--home", str(tmp_path), "--users", "5", "--days", "1", "--live", "http://127.0.0.1:9"]
    outcome = CliRunner().invoke(app, [*arguments, "--config", str(tmp_path / "none.yaml")])
    assert outcome.exit_code == 2 and "`growthhouse collect` starts a collector" in outcome.output
    assert json.dumps([str(path) for path in tmp_path.rglob("*")]) == "[]"
