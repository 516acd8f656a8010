"""The amplitude format: files of the Export API, with results worked out by hand."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest_home import Home, jsonl

AMPLITUDE: dict[str, Any] = {"name": "app", "format": "amplitude", "path": "in/*"}


def event(kind: str = "View", **more: Any) -> dict[str, Any]:
    """A line as the export writes it: the client's clock was an hour slow."""
    return {
        "$insert_id": "ins-1",
        "amplitude_id": 987654321,
        "app": 1234,
        "client_event_time": "2026-01-05 09:00:00.250000",
        "client_upload_time": "2026-01-05 09:00:05.000000",
        "country": "Germany",
        "device_id": "dev-1",
        "device_type": "Apple iPhone",
        "event_id": 17,
        "event_properties": {},
        "event_time": "2026-01-05 10:00:00.250000",
        "event_type": kind,
        "groups": {},
        "ip_address": "203.0.113.77",
        "platform": "Web",
        "server_received_time": "2026-01-05 10:00:05.000000",
        "server_upload_time": "2026-01-05 10:00:06.000000",
        "session_id": 1767603600250,
        "user_id": "u1",
        "user_properties": {"plan": "pro"},
        "uuid": "6a9f0c1e-0000-4000-8000-000000000001",
        **more,
    }


def packed(**files: bytes) -> bytes:
    """A ZIP of gzipped files, as the API answers."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, lines in files.items():
            archive.writestr(f"1234/1234_{name}.json.gz", gzip.compress(lines))
    return content.getvalue()


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**AMPLITUDE, **source})
    home.put("export.json", jsonl(*lines))
    home.ingest()
    return home


def test_an_event_of_the_export(tmp_path: Path) -> None:
    properties = {
        "product_id": "p9",
        "price": 5,
        "$quantity": 2,
        "[Amplitude] Page URL": "https://shop.example/p/9?utm_source=ads",
        "colour": "red",
    }
    found = read(tmp_path, event("[Amplitude] Page Viewed", event_properties=properties)).event()
    expected = {
        "event_id": "6a9f0c1e-0000-4000-8000-000000000001",
        "event_name": "page_view",
        "event_at": datetime(2026, 1, 5, 10, 0, 0, 250_000),
        "client_event_at": datetime(2026, 1, 5, 9, 0, 0, 250_000),
        "received_at": datetime(2026, 1, 5, 10, 0, 5),
        "user_id": "u1",
        "anonymous_id": "dev-1",
        "item_id": "p9",
        "price": 5.0,
        "quantity": 2.0,
        "page_path": "/p/9",
        "utm_source": "ads",
        "device_type": "mobile",
    }
    assert {column: found[column] for column in expected} == expected
    rest = json.loads(found["properties"])
    assert (rest["colour"], rest["user_properties"], rest["ip_address"]) == ("red", {"plan": "pro"}, "203.0.113.0")
    assert rest["amplitude_session_id"] == "1767603600250"


def test_a_zip_of_gzipped_files_is_read_as_it_is(tmp_path: Path) -> None:
    """By name; the last line of a file may lack its end."""
    home = Home(tmp_path, AMPLITUDE)
    first, second = jsonl(event("a"), event("b")), jsonl(event("c")).rstrip(b"\n")
    content = packed(**{"2026-01-05_11#0": jsonl(event("d")), "2026-01-05_10#0": first, "2026-01-05_10#1": second})
    home.put("export.zip", content)
    result = home.ingest()
    assert (result.n_accepted, result.n_rejected) == (4, 0)
    assert home.values("event_name", "line_number") == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]
    assert home.active()["export.zip"].n_lines == 4
    assert home.ingest().n_files_known == 1


def test_a_damaged_zip_gives_the_lines_before_the_damage(tmp_path: Path) -> None:
    home = Home(tmp_path, AMPLITUDE)
    content = bytearray(packed(a=jsonl(event("a")), b=jsonl(event("b"))))
    second = content.find(b"1234/1234_b.json.gz") + len("1234/1234_b.json.gz")
    content[second + 20 : second + 40] = b"\xff" * 20
    home.put("export.zip", bytes(content))
    home.ingest()
    assert home.values("event_name") == ["a"]
    assert [reason for _, reason in home.reasons()] == ["truncated_file"]


def test_a_zip_of_other_files_is_named_and_not_read(tmp_path: Path) -> None:
    home = Home(tmp_path, AMPLITUDE)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<xml/>")
    home.put("book.zip", content.getvalue())
    home.put("good.json", jsonl(event()))
    assert "is a ZIP archive or an Excel workbook" in " ".join(home.ingest().warnings)


def test_the_id_is_the_uuid_or_that_of_the_device_and_the_insert(tmp_path: Path) -> None:
    home = read(tmp_path, event(), event(uuid=None), event(uuid=None, device_id=None), event(uuid=None, device_id="d"))
    assert home.values("event_id")[:2] == ["6a9f0c1e-0000-4000-8000-000000000001", "dev-1.ins-1"]
    assert home.values("has_event_id") == [True, True, False, True]


def test_minus_one_and_empty_are_missing_values(tmp_path: Path) -> None:
    home = read(tmp_path, event(session_id=-1, user_id="EMPTY", event_properties={"utm_source": "EMPTY"}))
    assert home.values("user_id", "anonymous_id", "utm_source") == [(None, "dev-1", None)]
    assert "amplitude_session_id" not in json.loads(home.event()["properties"])


def test_names_and_devices(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event("$identify"),
        event("session_start", device_type="Windows"),
        event("revenue_amount", event_properties={"$revenue": 12.5, "$productId": "p1"}, device_type="Samsung Galaxy"),
        event("View", device_type="Samsung Galaxy", platform="Android"),
        event("View", device_type="Apple iPad"),
    )
    assert home.values("event_name", "device_type", "revenue") == [
        ("identify", "mobile", None),
        ("session_start", "desktop", None),
        ("revenue_amount", None, 12.5),
        ("View", "mobile", None),
        ("View", "tablet", None),
    ]


def test_lines_that_cannot_be_read_are_rejected_with_a_reason(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        event(event_properties="red"),
        event(user_id={"id": 1}),
        event(event_time="soon"),
        event(event_type=None),
        event(user_id=None, device_id=None),
        '{"event_type":',
        event(),
    )
    assert home.reasons() == [
        (1, "type_conflict"),
        (2, "type_conflict"),
        (3, "bad_timestamp"),
        (4, "missing_event_name"),
        (5, "missing_identity"),
        (6, "bad_json"),
    ]
