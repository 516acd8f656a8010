"""A home folder with raw files for tests of ingest: write files, ingest, look at the lake. No assertions here."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
import zstandard

from pipeline.home.database import in_memory
from pipeline.ingest import IngestResult, LedgerRow, ingest, read_ledger
from pipeline.settings import Settings, load_settings

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
TRACKER: dict[str, Any] = {"name": "shop", "format": "tracker", "path": "in/*"}
PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def track(
    event: str = "page_view", at: str = "2026-01-05T10:00:00Z", user: str | None = "u1", **more: Any
) -> dict[str, Any]:
    """A valid tracker line as a dictionary."""
    return {"event": event, "timestamp": at, **({"userId": user} if user else {}), **more}


def jsonl(*lines: dict[str, Any] | str) -> bytes:
    """JSON lines; text goes in as it is."""
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()


class Home:
    """A config and raw files in a folder."""

    def __init__(self, folder: Path, *sources: dict[str, Any], **sections: Any) -> None:
        self.folder = folder
        (folder / "in").mkdir(parents=True, exist_ok=True)
        self.configure(*(sources or (TRACKER,)), **sections)

    def copy(self, folder: Path) -> Home:
        """The same home in another folder: copying files is much cheaper than another ingest."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        copied = Home.__new__(Home)
        copied.folder = folder
        return copied

    def configure(self, *sources: dict[str, Any], **sections: Any) -> None:
        """Write another config."""
        config = {"site": {"currency": "EUR"}, "sources": list(sources), **sections}
        (self.folder / "growth.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder / "growth.yaml")

    def put(self, name: str, content: bytes) -> Path:
        """Write a raw file, compressed as its ending says."""
        path = self.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PACKERS.get(path.suffix, bytes)(content))
        return path

    def ingest(self, **options: Any) -> IngestResult:
        return ingest(self.settings, **{"now": NOW, **options})

    def _rows(self, folder: str, order: str, where: str = "true") -> list[dict[str, Any]]:
        files = sorted(map(str, (self.folder / "data" / "lake" / folder).rglob("*.parquet")))
        if not files:
            return []
        ledger = str(self.folder / "data" / "lake" / "ledger.parquet")
        query = f"""select lake.*, ledger.file from read_parquet(?, union_by_name = true) as lake
            inner join read_parquet(?) as ledger using (file_id)
            where ledger.status <> 'superseded' and {where} order by ledger.file, {order}"""
        with in_memory() as con:
            found = con.execute(query, [files, ledger])
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def events(self) -> list[dict[str, Any]]:
        """Accepted lines that count, in file and line order."""
        return self._rows("events", "line_number")

    def event(self) -> dict[str, Any]:
        """The only event there is."""
        (event,) = self.events()
        return event

    def values(self, *columns: str) -> list[Any]:
        """Columns of the events: a list of tuples, or of values where there is one column."""
        return [event[columns[0]] if len(columns) == 1 else tuple(event[c] for c in columns) for event in self.events()]

    def rejects(self) -> list[dict[str, Any]]:
        """Rejected lines, in file and line order."""
        return self._rows("rejected", "line_number")

    def reasons(self) -> list[tuple[int, str]]:
        """Line number and reason of the rejected lines."""
        return [(row["line_number"], row["reason"]) for row in self.rejects()]

    def ledger(self) -> list[LedgerRow]:
        return read_ledger(self.folder / "data" / "lake" / "ledger.parquet")

    def by_file(self) -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """Events and rejected lines of each file, by its name without folder."""
        found: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {name: ([], []) for name in self.active()}
        for position, rows in enumerate((self.events(), self.rejects())):
            for row in rows:
                found[Path(row["file"]).name][position].append(row)
        return found

    def active(self) -> dict[str, LedgerRow]:
        """The ledger's rows that count, by file name without its folder."""
        return {Path(row.file).name: row for row in self.ledger() if row.is_active}
