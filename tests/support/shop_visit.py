"""A browser driven through the demo shop, with a real collector: what was done and what arrived. No assertions."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector_process import Process

from pipeline.home.paths import PROJECT_ROOT

CONFIG = """
site: {timezone: UTC}
sources: [{name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}]
collector: {id_cookie: shop_id, origins: ["null"]}   # of a sandboxed frame
"""
# Of the whole browser, as beacons know no other; one that is called headless would be taken for a robot.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass
class Run:
    """What a person did (ledger), and what the collector kept (events)."""

    home: Path
    ledger: dict[str, Any]
    events: list[dict[str, Any]]

    def lines(self, scenario: str) -> list[dict[str, Any]]:
        """All lines of a scenario, which has a folder of pages of its own."""
        return [line for line in self.events if f"/{scenario}/" in line["context"]["page"]["url"]]

    def of(self, scenario: str) -> list[dict[str, Any]]:
        """The events of a scenario, each id once."""
        found = {line["eventId"]: line for line in self.lines(scenario)}
        return sorted(found.values(), key=lambda line: (line["timestamp"], line["eventId"]))


_TAG = re.compile(rb"<script async.*</script>")
_VARIANTS: dict[str, Callable[[bytes], bytes]] = {
    "consent_given": lambda tag: tag.replace(b"async", b'async data-consent="required"'),
    "consent_refused": lambda tag: tag.replace(b"async", b'async data-consent="required"'),
    "do_not_track": lambda tag: tag.replace(b"async", b"async data-do-not-track"),
    "id_cookie": lambda tag: tag.replace(b"async", b"async data-cookie"),
    "started_twice": lambda tag: tag + tag,
    "prerender": lambda tag: tag + _PREPARED,
}


class _Shop(http.server.SimpleHTTPRequestHandler):
    """The pages of examples/shop below any folder, with the address of this collector."""

    collector = ""

    def do_GET(self) -> None:
        scenario, _, name = self.path.split("?")[0].removeprefix("/").rpartition("/")
        file = PROJECT_ROOT / "examples" / "shop" / name
        if not file.is_file():
            return self.send_error(404)
        body = file.read_bytes().replace(b"http://127.0.0.1:8000", self.collector.encode())
        for tag in _TAG.findall(body):
            body = body.replace(tag, _VARIANTS.get(scenario, bytes)(tag))
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(name))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def find_browser() -> str | None:
    """Chromium, where there is Node.js to drive it."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return program if shutil.which("node") else None


def visit_shop(program: str, home: Path) -> Run:
    process = Process(home, config=CONFIG).wait_until_ready()
    collector = f"http://127.0.0.1:{process.port}"
    handler = type("Shop", (_Shop,), {"collector": collector})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shop = f"http://127.0.0.1:{server.server_port}"
        driver = ["node", str(PROJECT_ROOT / "tests" / "tracker" / "drive.mjs"), shop, collector, program, AGENT]
        ledger = json.loads(subprocess.run(driver, stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout)
        ledger["prerender"] = _prerender(program, f"{shop}/prerender")
        server.shutdown()
    process.end()
    return Run(home, ledger, process.lines())


def _prerender(program: str, shop: str) -> dict[str, Any]:
    """One page that the browser prepares and somebody opens, and one that nobody does; whoever drives prevents both."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        options.append(f"--user-agent={AGENT}")
        process = subprocess.Popen([program, *options, f"{shop}/index.html"], stderr=subprocess.DEVNULL)
        time.sleep(8)
        process.terminate()
        process.wait(timeout=30)
    return {"clicks": {"link": 1}, "views": {"index.html": 1, "product.html?id=cup": 1}}


_PREPARED = b"""<script>
addEventListener('load', () => {
  if (document.prerendering) document.addEventListener('prerenderingchange', () => growthhouse.track('activated'));
  const link = document.querySelector('[data-track=select_item]');
  if (!link) return;
  const rules = document.createElement('script');
  rules.type = 'speculationrules';
  const urls = ['product.html?id=cup', 'product.html?id=pot'];
  rules.textContent = JSON.stringify({prerender: [{source: 'list', urls}]});
  document.head.append(rules);
  link.dataset.trackClick = 'link';
  setTimeout(() => link.click(), 3000);
});
</script>"""
