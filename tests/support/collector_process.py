"""A real `growthhouse collect` on a free port, and clients that keep a ledger of its answers. No assertions here."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG = """
site: {}
sources: [{name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}]
"""


class Process:
    """The command, started and ready."""

    def __init__(self, home: Path, *options: str, config: str = CONFIG) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        (home / "growth.yaml").write_text(config, encoding="utf-8")
        command = [sys.executable, "-c", "from pipeline.cli.app import app; app()", "collect", "--port", "0"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GROWTH_")}
        self.log_file = home.parent / f"{home.name}.log"
        self.log = self.log_file.open("w+")
        self.process = subprocess.Popen(
            [*command, "--config", str(home / "growth.yaml"), *options],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
        )
        assert self.process.stdout
        first = self.process.stdout.readline()
        self.port = int(first.rsplit(":", 1)[1].split("/")[0]) if "http" in first else 0

    def wait_until_ready(self) -> Process:
        for _ in range(600):
            try:
                if self.request("GET", "/healthz")[0] == 200:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the collector did not start: {self.log_file.read_text()}")

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.log.close()
        return code

    def lines(self) -> list[dict[str, Any]]:
        """The events in all files, open ones included; a line that is no JSON raises."""
        files = sorted((self.home / "data" / "raw" / "shop").rglob("[0-9]*"))
        texts = [path.read_bytes() for path in files if path.is_file() and ".rejected" not in path.name]
        return [json.loads(line) for text in texts for line in text.splitlines()]


def event(number: str) -> dict[str, Any]:
    return {"event": "page_view", "timestamp": "2026-01-05T10:00:00Z", "userId": "u1", "eventId": number}


@dataclass
class Load:
    """Clients that send events one after the other until they are ended; each event is sent once."""

    process: Process
    name: str
    n_clients: int = 4
    acknowledged: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(self.n_clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.process.port, timeout=30)
        number = 0
        while not self._ended.is_set():
            batch = [event(f"{self.name}-{client}-{number + n}") for n in range(1 + number % 3)]
            number += len(batch)
            ids = [entry["eventId"] for entry in batch]
            self.sent += ids
            try:
                connection.request(
                    "POST", "/api/track", json.dumps(batch).encode(), {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 202:
                self.acknowledged += ids
        connection.close()
