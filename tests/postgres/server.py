"""A PostgreSQL server of its own in a temporary folder, for the length of a block. No expectations here."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, DATABASE = "growthhouse", "dagster"


@dataclass(frozen=True)
class Server:
    """Where the server listens, and the password of its only user."""

    port: int
    password: str

    def rows(self, query: str) -> list[Any]:
        """The rows of a query."""
        import psycopg2

        con = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self.password, dbname=DATABASE, connect_timeout=10
        )
        try:
            with con.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())
        finally:
            con.close()


def programs() -> Path | None:
    """The folder of the newest initdb, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def running(bin_folder: Path) -> Iterator[Server]:
    """Start a server on a free port that only this machine reaches; remove everything afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="growthhouse-postgres-"))
    who, password = _unprivileged(), secrets.token_urlsafe(16)
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    if who:
        for path in (folder, secret):
            os.chown(path, who["user"], who["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        outcome = subprocess.run(
            [str(bin_folder / program), *arguments],
            cwd=folder,
            text=True,
            check=False,
            timeout=120,
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PGPASSWORD": password},
            **who,
        )
        assert outcome.returncode == 0, f"{program}: {outcome.stdout}"

    data = str(folder / "data")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    try:
        call(
            "initdb", "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-locale"
        )
        call("pg_ctl", "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE)
            yield Server(port, password)
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
