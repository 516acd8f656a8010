"""A headless Chromium, spoken to over its DevTools protocol: open a page, wait for text, take a picture.

No driver and no client library: the protocol is JSON over one WebSocket, and `websockets` comes with Dagster's server.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "chromium-headless-shell")
WAIT_S = 90.0


def find_chromium() -> str | None:
    """The browser's program, or None where the machine has none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab. `errors` collects what the page threw, `requests` every address it asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result; what the page did meanwhile is noted."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=WAIT_S))
            if message.get("id") == self._sent:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        details = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            thrown = details["exceptionDetails"]
            self.errors.append(thrown.get("exception", {}).get("description") or thrown["text"])
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return found["result"].get("value")

    def open(self, url: str) -> None:
        """Navigate; use wait_for to know when the page has drawn what matters."""
        self.call("Page.navigate", url=url)

    def text(self) -> str:
        """Everything a person can read."""
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def wait_for(self, *words: str, timeout_s: float = WAIT_S) -> str:
        """Wait until every word is on the page, then return its text."""
        end = time.monotonic() + timeout_s
        while True:
            text = self.text()
            missing = [word for word in words if word not in text]
            if not missing:
                return text
            if time.monotonic() > end:
                raise AssertionError(f"after {timeout_s:.0f} s the page lacks {missing}; it says:\n{text[:3000]}")
            time.sleep(0.2)

    def picture(self, file: Path, *, of: str = "document.documentElement", scale: float = 1) -> None:
        """Write an element, given as a JavaScript expression, as a PNG of `scale` times its size."""
        x, y, width, height = self.evaluate(f"(r => [r.x, r.y, r.width, r.height])(({of}).getBoundingClientRect())")
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": scale}
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", clip=clip)["data"]))


@contextmanager
def browser(program: str, width: int = 1600, height: int = 1000) -> Iterator[Page]:
    """A running browser with one empty tab; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="growthhouse-chromium-", ignore_cleanup_errors=True) as profile:
        arguments = [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_tab(Path(profile)), max_size=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _tab(profile: Path) -> str:
    """The WebSocket of the first tab; the browser writes its port into the profile once it listens."""
    file, end = profile / "DevToolsActivePort", time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if file.exists() and (lines := file.read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=10) as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise RuntimeError("Chromium did not start")
