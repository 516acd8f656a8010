"""The command as a process: kills, signals, several workers, a full disk, slow clients."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_process import CONFIG, Load, Process, event

ROUNDS = int(os.environ.get("COLLECTOR_KILLS", "3"))


def test_every_acknowledged_event_is_there_once_after_each_kill(tmp_path: Path) -> None:
    """COLLECTOR_KILLS=200 kills as often; an event that was not acknowledged may be there, but only once."""
    chance = random.Random(17)
    acknowledged: list[str] = []
    sent: set[str] = set()
    for number in range(ROUNDS):
        process = Process(tmp_path).wait_until_ready()
        with Load(process, f"{number}") as load:
            time.sleep(chance.uniform(0.1, 0.8))
            process.end(signal.SIGKILL)
        acknowledged += load.acknowledged
        sent |= set(load.sent)
        assert load.acknowledged
    process = Process(tmp_path).wait_until_ready()  # it repairs what the last one left
    assert process.end() == 0
    assert list(tmp_path.rglob("*.part")) == []
    found = Counter(line["eventId"] for line in process.lines())
    assert set(found.values()) == {1}
    assert set(acknowledged) <= found.keys() <= sent
    assert len(acknowledged) == len(set(acknowledged))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_sigterm_ends_it_after_the_last_request_is_on_disk(tmp_path: Path, n_workers: int) -> None:
    process = Process(tmp_path, "--workers", str(n_workers)).wait_until_ready()
    with Load(process, "a") as load:
        time.sleep(0.5)
        assert process.end(signal.SIGTERM) == 0
    assert list(tmp_path.rglob("*.part")) == []
    found = Counter(line["eventId"] for line in process.lines())
    assert set(load.acknowledged) <= found.keys() and set(found.values()) == {1}
    assert load.acknowledged


def test_requests_as_clients_really_send_them(tmp_path: Path) -> None:
    process = Process(tmp_path, config=CONFIG + "collector: {request_timeout: 1 s, max_request_bytes: 100000}\n")
    process.wait_until_ready()
    try:
        assert process.request("POST", "/api/track", event("1"))[0] == 202
        assert process.request("POST", "/api/track", b" " * 700_000)[0] == 413  # and the client can read it
        assert process.request("GET", "/readyz")[0] == 200
        assert b"accepted_events_total" in process.request("GET", "/metrics")[1]
        with socket.create_connection(("127.0.0.1", process.port)) as slow:
            head = b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n{"
            slow.sendall(head)
            slow.settimeout(20)
            assert slow.recv(1000).startswith(b"HTTP/1.1 408")
        with socket.create_connection(("127.0.0.1", process.port)) as endless:
            endless.settimeout(20)
            with pytest.raises(OSError):  # it is closed, however long the headers would go on
                for _ in range(1000):
                    endless.sendall(b"GET / HTTP/1.1\r\n" + b"X-More: " + b"x" * 60_000)
    finally:
        assert process.end() == 0


def test_a_port_in_use_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = Process(tmp_path, "--port", str(other.getsockname()[1]))
        assert process.process.wait(60) == 2
    assert "choose another --host or --port" in process.log_file.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("min_free", [0, 500_000], ids=["to the last byte", "nearly"])
def test_on_a_full_disk_what_was_acknowledged_is_there_and_the_rest_is_refused(small_disk: Path, min_free: int) -> None:
    limits = f"collector: {{min_free_bytes: {min_free}, max_file_bytes: 300000}}\n"
    process = Process(small_disk, config=CONFIG + limits).wait_until_ready()
    statuses: Counter[int] = Counter()
    acknowledged = []
    for number in range(200):
        status, _ = process.request("POST", "/api/track", {**event(f"{number}"), "note": "x" * 20_000})
        statuses[status] += 1
        acknowledged += [f"{number}"] * (status == 202)
    assert set(statuses) == {202, 503} and statuses[202] > 50
    if min_free:
        assert process.request("GET", "/readyz")[0] == 503
    filled = max((small_disk / "data" / "raw").rglob("*.jsonl"), key=lambda path: path.stat().st_size)
    assert sorted(line["eventId"] for line in process.lines()) == sorted(acknowledged)
    filled.unlink()  # somebody makes room
    time.sleep(1.2)
    assert process.request("POST", "/api/track", event("after"))[0] == 202
    assert process.end() == 0
    assert "after" in {line["eventId"] for line in process.lines()}


def test_a_folder_that_cannot_be_written_stops_neither_other_sources_nor_the_process(tmp_path: Path) -> None:
    sources = [f'{{name: {name}, path: "{{home}}/data/raw/{name}/**/*.jsonl*"}}' for name in ("shop", "app")]
    keys = "{keys: [{key: shop-key-1, source: shop}, {key: app-key-01, source: app}]}"
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "app").write_text("a file in the way")
    process = Process(
        tmp_path, config=f"site: {{}}\nsources: [{', '.join(sources)}]\ncollector: {keys}\n"
    ).wait_until_ready()
    assert process.request("POST", "/api/track?key=app-key-01", event("1"))[0] == 503
    assert process.request("POST", "/api/track?key=shop-key-1", event("2"))[0] == 202
    (tmp_path / "data" / "raw" / "app").unlink()
    assert process.request("POST", "/api/track?key=app-key-01", event("1"))[0] == 202
    assert process.end() == 0
    assert len(list((tmp_path / "data" / "raw" / "app").rglob("*.jsonl"))) == 1


@pytest.mark.parametrize("place", ["data", "data/raw"])
def test_a_home_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("a file in the way")
    process = Process(tmp_path)
    assert process.process.wait(60) == 2
    assert "error" in process.log_file.read_text()


def test_a_disk_that_becomes_read_only_is_refused_until_it_is_not(small_disk: Path) -> None:
    process = Process(small_disk, config=CONFIG + "collector: {min_free_bytes: 0}\n").wait_until_ready()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=False)
    try:
        if os.access(small_disk, os.W_OK):
            pytest.skip("the disk is in use and cannot be made read-only here")
        assert process.request("POST", "/api/track", event("1"))[0] == 503
        assert process.request("GET", "/readyz")[0] == 503
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert process.request("POST", "/api/track", event("1"))[0] == 202
    assert process.end() == 0
    assert [line["eventId"] for line in process.lines()] == ["1"]
