"""Tables of very many columns: the same properties as of few, rejected rows in full, and no time that explodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ingest_home import Home

from pipeline.ingest import mapping

SOURCE: dict[str, Any] = {
    "name": "t",
    "format": "table",
    "path": "in/*.csv",
    "event_name": "x",
    "columns": {"user_id": "u", "event_at": "at"},
}


def test_properties_of_many_columns_are_those_of_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["a", "a b", 'q"', "ip", "Client IP", "userId", "ä", "z/z", "n"]
    values = ["1", 'say "x"', "", "10.1.2.3", "2001:db8:1:2::1", "u7", "ö\\n", '{"k": null}', "null"]
    cells = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    seen = []
    for n, limit in enumerate((100, 1)):
        monkeypatch.setattr(mapping, "_MANY_COLUMNS", limit)
        home = Home(tmp_path / str(n), SOURCE)
        home.put("a.csv", f"u,at,{header}\nu1,2026-01-05,{cells}\nu2,2026-01-06,{',' * (len(names) - 1)}\n".encode())
        home.ingest()
        seen.append(home.values("properties"))
    assert seen[0] == seen[1]
    found = json.loads(seen[1][0])
    assert found["ip"] == "10.1.2.0" and found["a b"] == 'say "x"' and seen[1][1] is None


def test_a_table_of_two_thousand_columns_is_read(tmp_path: Path) -> None:
    home = Home(tmp_path, SOURCE)
    names = [f"c{n}" for n in range(2000)]
    rows = [f"u1,2026-01-05,{','.join('1' for _ in names)}", f"u2,never,{','.join('2' for _ in names)}"]
    home.put("a.csv", ("u,at," + ",".join(names) + "\n" + "\n".join(rows) + "\n").encode())
    home.ingest()
    assert len(json.loads(home.event()["properties"])) == 2000
    (rejected,) = home.rejects()
    assert (rejected["reason"], rejected["raw_line"]) == ("bad_timestamp", rows[1])
