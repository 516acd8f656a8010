"""Files that are not UTF-8 with a line per event: the message says what they are and how to convert them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest import IngestError
from pipeline.ingest.text.foreign import describe_foreign

BOM = b"\xef\xbb\xbf"
TABLE = {**TRACKER, "format": "table", "columns": {"user_id": "u", "event_name": "e", "event_at": "t"}}
LINE = '{"event": "加入购物车", "timestamp": "2026-01-05T10:00:00Z", "userId": "用户", "note": "x"}\n'
NAMES = "用户,事件,时间\nu1,购买,2026-01-05\n" * 5
WEST = '{"event": "x", "city": "München", "name": "Zoë Café"}\n' * 5


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (LINE.encode("utf-16"), "iconv -f UTF-16"),
        (NAMES.encode("utf-16-le"), "iconv -f UTF-16"),
        (("a,b,c\n" * 9).encode("utf-16-be"), "iconv -f UTF-16"),
        (LINE.encode("gbk"), "iconv -f GB18030"),
        (NAMES.encode("gb18030"), "iconv -f GB18030"),
        (WEST.encode("cp1252"), "iconv -f WINDOWS-1252"),
        (json.dumps([{"a": 1}]).encode(), "jq -c"),
        (gzip.compress(LINE.encode()), "archive in an archive"),
        (bz2.compress(LINE.encode()), "bzip2"),
        (lzma.compress(LINE.encode()), "xz"),
        (json.dumps([{"a": 1}], indent=2).encode(), "jq -c"),
    ],
)
def test_what_a_file_is(content: bytes, word: str) -> None:
    assert word in describe_foreign(content)


@pytest.mark.parametrize("text", [LINE * 3 + "\xff", NAMES, WEST, "", "[1]\n", '{"a": [{"b": 1}]}\n', "a\0\0b,c\n" * 9])
def test_what_is_utf8_is_not_foreign(text: str) -> None:
    content = text.encode().replace("\xff".encode(), b"\xff")
    assert describe_foreign(content) == ""


def test_a_few_broken_lines_among_many_are_not_another_encoding() -> None:
    assert describe_foreign(b'{"event": "x"}\n' * 97 + b'{"event": "M\xfcnchen"}\n' * 3) == ""


def test_a_json_array_says_so_beside_good_files_and_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", json.dumps([track(), track()]).encode())
    home.put("b.jsonl", jsonl(track()))
    (warning,) = home.ingest().warnings
    assert "in/a.jsonl is a JSON array" in warning and "jq -c '.[]'" in warning
    assert home.reasons() == [(1, "bad_json")]


def test_a_table_in_another_encoding_says_which(tmp_path: Path) -> None:
    columns = {"user_id": "用户", "event_name": "事件", "event_at": "时间"}
    home = Home(tmp_path, {"name": "t", "format": "table", "path": "in/*", "columns": columns})
    home.put("a.csv", NAMES.encode("gbk"))
    with pytest.raises(IngestError, match="looks like GB18030: convert it to UTF-8"):
        home.ingest()
    home.put("b.csv", NAMES.encode())
    assert "in/a.csv is not UTF-8" in home.ingest().warnings[0]
    assert set(home.values("user_id")) == {"u1"}


@pytest.mark.parametrize("content", [BOM, BOM + b"\n", b"\n\n" + BOM])
@pytest.mark.parametrize("source", [TRACKER, TABLE], ids=lambda source: source["format"])
def test_a_byte_order_mark_alone_is_no_line(tmp_path: Path, source: dict[str, Any], content: bytes) -> None:
    home = Home(tmp_path, source)
    home.put("a", content)
    home.put("b", BOM + jsonl({**track(), **dict.fromkeys(("u", "e"), "x"), "t": "2026-01-05T10:00:00Z"}))
    warnings = home.ingest().warnings
    if content.startswith(BOM):
        assert warnings == [f"Source '{source['name']}': empty: in/a."]
    assert [(row.n_lines, row.n_accepted) for name, row in home.active().items() if name == "b"] == [(1, 1)]
