"""A file that a collector is writing is reported by an erasure, and left: what it appends must not get lost."""

from __future__ import annotations

import os
from pathlib import Path

from erase_home import ANNA, BEN, NOW
from ingest_home import Home, jsonl, track

from pipeline.home.open_files import lock_open_file
from pipeline.privacy import erase


def test_an_open_file_is_left_until_its_collector_ends(home: Home) -> None:
    part = home.folder / "data" / "raw" / "shop" / "2026-01-05" / "10-0a1b2c3d-1.jsonl.part"
    part.parent.mkdir(parents=True)
    content = jsonl(track(user=ANNA), track(user=BEN))
    part.write_bytes(content)
    inode = part.stat().st_ino
    descriptor = os.open(part, os.O_RDWR)
    assert lock_open_file(descriptor, part)
    proof = erase(home.settings, "user", ANNA, now=NOW)
    (why,) = (why for place, why in proof.remaining.items() if part.name in place)
    assert "growthhouse collect" in why
    assert (part.read_bytes(), part.stat().st_ino) == (content, inode)
    os.close(descriptor)
    erase(home.settings, "user", ANNA, now=NOW)
    assert Path(part).read_bytes() == b"\n" + jsonl(track(user=BEN))
