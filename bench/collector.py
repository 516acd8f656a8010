"""Requests and events per second of the collector, beside a server that answers 204 and a plain append without sync.

`python -m bench.collector [--seconds 20] [--connections 128]`; Markdown. The client is a process of its own; with two
cores it takes about half of them, so the ratios say more than the numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

EVENT = {
    "event": "view_item",
    "timestamp": "2026-01-05T10:00:00.000Z",
    "anonymousId": "8b1d2f6e-3c4a-4f5b-9d7e-0a1b2c3d4e5f",
    "properties": {"productId": "12345", "price": 299, "url": "https://shop.example/p/12345"},
}
# The least that uvicorn can do, and the same with an append per request.
BARE = """
import os
import uvicorn

out = open(os.environ["BENCH_APPEND"], "ab", buffering=0) if "BENCH_APPEND" in os.environ else None


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    if out:
        out.write(body + b"\\n")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), log_level="warning", access_log=False, lifespan="off", ws="none")
"""
CONFIG = 'site: {}\nsources: [{name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}]\n'


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def start(name: str, home: Path, port: int) -> subprocess.Popen[bytes]:
    """A server by its name in the table."""
    environment = {**os.environ, "BENCH_PORT": str(port)}
    if name == "append without sync":
        environment["BENCH_APPEND"] = str(home / "append.jsonl")
    command = [sys.executable, "-c", BARE]
    if name == "collector":
        (home / "growth.yaml").write_text(CONFIG)
        run = "from pipeline.cli.app import app; app()"
        command = [sys.executable, "-c", run, "collect", "--config", str(home / "growth.yaml"), "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{name} did not start")


async def load(port: int, body: bytes, n_connections: int, seconds: float) -> list[float]:
    """Seconds of each request, from connections that send one after the other."""
    request = (
        b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    ) + body
    end, took = time.perf_counter() + seconds, []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith((b"HTTP/1.1 202", b"HTTP/1.1 204")):
                raise RuntimeError(head.decode())
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            took.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(client() for _ in range(n_connections)))
    return sorted(took)


def measure(name: str, n_events: int, seconds: float, n_connections: int) -> str:
    """A row of the table."""
    body = json.dumps(EVENT if n_events == 1 else [EVENT] * n_events).encode()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = start(name, Path(folder), port)
        try:
            asyncio.run(load(port, body, n_connections, min(1.0, seconds)))
            process = psutil.Process(server.pid)
            before, cpu_before = process.memory_info().rss, sum(process.cpu_times()[:2])
            took = asyncio.run(load(port, body, n_connections, seconds))
            after, cpu = process.memory_info().rss, sum(process.cpu_times()[:2]) - cpu_before
        finally:
            server.terminate()
            server.wait()
    p50, p99 = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
    rate = len(took) / seconds
    memory = f"{before / 2**20:.0f} → {after / 2**20:.0f}"
    figures = f"{rate:,.0f} | {rate * n_events:,.0f} | {p50:.1f} | {p99:.1f} | {1e6 * cpu / len(took):.0f}"
    return f"| {name} | {n_events} | {figures} | {memory} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=128)
    options = parser.parse_args()
    print("| server | events | requests/s | events/s | p50 ms | p99 ms | CPU µs a request | MiB before → after |")
    print("|---|---|---|---|---|---|---|---|")
    for n_events in (1, 50):
        for name in ("204 without writing", "append without sync", "collector"):
            print(measure(name, n_events, options.seconds, options.connections), flush=True)


if __name__ == "__main__":
    main()
