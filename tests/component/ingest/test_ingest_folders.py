"""Folders of a source: values in their names, names that are not text, folders that cannot be listed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_home import Home, jsonl, track

TABLE = {
    "name": "t",
    "format": "table",
    "path": "in/**/*.*",
    "columns": {"user_id": "user", "event_name": "event", "event_at": "time", "category": "kind"},
}


def put_parquet(home: Home, name: str, columns: str) -> Path:
    path = home.folder / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"select {columns}").write_parquet(str(path))
    return path


def test_values_in_the_names_of_folders_are_columns(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    put_parquet(home, "event=view_item/kind=a%20b/x.parquet", "'u1' as user, '2026-01-05' as time, 1 as n")
    put_parquet(
        home, "event=buy/kind=__HIVE_DEFAULT_PARTITION__/x.parquet", "'u2' as user, '2026-01-05' as time, 1 as n"
    )
    home.put("event=share/kind=c/day=5/x.csv", b"user,time,n\nu3,2026-01-05,1\nu4,2026-01-05\n")
    assert home.ingest().warnings == []
    assert home.values("user_id", "event_name", "category") == [
        ("u2", "buy", None),
        ("u3", "share", "c"),
        ("u4", "share", "c"),
        ("u1", "view_item", "a b"),
    ]
    assert [json.loads(text) for text in home.values("properties")][1:3] == [{"day": "5", "n": "1"}, {"day": "5"}]


def test_a_column_of_the_file_counts_more_than_its_folder(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    put_parquet(home, "event=x/x.parquet", "'u1' as user, 'buy' as event, '2026-01-05' as time, 'a' as kind")
    home.ingest()
    assert home.values("event_name") == ["buy"]


def test_a_file_that_moves_to_another_folder_has_its_values(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TABLE, "columns": {**TABLE["columns"], "event_id": "id"}})  # type: ignore[dict-item]
    path = put_parquet(home, "event=x/kind=1/x.parquet", "'u1' as user, '2026-01-05' as time, 7 as id")
    home.ingest()
    new = tmp_path / "in/event=y/kind=1/x.parquet"
    new.parent.mkdir(parents=True)
    path.rename(new)
    home.ingest()
    assert home.values("file", "event_name")[-1] == ("in/event=y/kind=1/x.parquet", "y")


def test_a_name_that_is_not_text_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track()))
    try:
        (tmp_path / "in" / os.fsdecode(b"caf\xe9.jsonl")).write_bytes(jsonl(track(user="u2")))
    except OSError:
        pytest.skip("this file system has no such names")
    (warning,) = home.ingest().warnings
    assert r"caf\udce9.jsonl" in warning and "Rename" in warning
    warning.encode()
    assert home.values("user_id") == ["u1"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path, {"name": "shop", "format": "tracker", "path": "in/**/*.jsonl"})
    home.put("a.jsonl", jsonl(track()))
    secret = home.put("closed/b.jsonl", jsonl(track(user="u2"))).parent
    listed = os.scandir

    def refusing(path: Any = ".") -> Any:
        if not isinstance(path, int) and Path(os.fsdecode(path)) == secret:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    (warning,) = home.ingest().warnings
    assert "the folder in/closed cannot be listed (Permission denied)" in warning
    assert home.values("user_id") == ["u1"]


def test_a_file_that_nobody_may_look_at_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track()))
    secret, looked = home.put("b.jsonl", jsonl(track(user="u2"))), Path.stat

    def refusing(path: Path, **options: Any) -> os.stat_result:
        if path == secret:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return looked(path, **options)

    monkeypatch.setattr(Path, "stat", refusing)
    (warning,) = home.ingest().warnings
    assert "in/b.jsonl cannot be read (no permission)" in warning
    assert home.values("user_id") == ["u1"]


ODD_FOLDERS = ("%00=1", "x=%00", "x=%FF", "x=", "=1", "%20=1", "X=1/x=2", "ſ=1/S=2", "c_user=';--", 'a"=1')


def test_no_name_of_a_folder_stops_a_night(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TABLE, "columns": {"user_id": "user", "event_name": "event", "event_at": "time"}})
    for folder in ODD_FOLDERS:
        home.put(f"{folder}/x.csv", b"user,time,event\nu1,2026-01-05,x\n")
        put_parquet(home, f"{folder}/x.parquet", "'u1' as user, '2026-01-05' as time, 'x' as event")
    assert home.ingest().warnings == []
    assert len(home.events()) == 2 * len(ODD_FOLDERS)
    found = {Path(event["file"]).parent.name: json.loads(event["properties"] or "{}") for event in home.events()}
    assert (found["x=%00"], found["x=2"]) == ({"x": "\ufffd"}, {"x": "2"})
