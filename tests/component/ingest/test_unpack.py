"""Compressed files as other tools write them: padding between members, large windows."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import zstandard
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest import describe_sample, sample_source

TABLE = {
    **TRACKER,
    "format": "table",
    "columns": {"user_id": "userId", "event_name": "event", "event_at": "timestamp"},
}
ONE, TWO = gzip.compress(jsonl(track(user="u1"))), gzip.compress(jsonl(track(user="u2")))


@pytest.mark.parametrize("source", [TRACKER, TABLE], ids=lambda source: source["format"])
@pytest.mark.parametrize("n_zeros", [1, 512, (1 << 18) + 1], ids=["one", "a tar block", "over a read"])
def test_zeros_between_and_after_gzip_members_are_padding(tmp_path: Path, source: dict[str, Any], n_zeros: int) -> None:
    """As `gzip -d`, Python and zlib's gzread read them."""
    home, padding = Home(tmp_path, source), bytes(n_zeros)
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(ONE + padding + TWO + padding)
    assert home.ingest().warnings == []
    assert home.values("user_id", "line_number") == [("u1", 1), ("u2", 2)]
    assert home.reasons() == []


def test_what_follows_the_padding_and_is_no_member_is_damage(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(ONE + bytes(512) + b"garbage")
    home.ingest()
    assert home.values("user_id") == ["u1"]
    assert home.reasons() == [(2, "truncated_file")]


def long_window(content: bytes) -> bytes:
    """As `zstd --long=28` writes it."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=28, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize("before", [b"", zstandard.compress(jsonl(track(user="u8")))], ids=["alone", "second frame"])
def test_a_window_that_zstd_refuses_is_named_with_the_command_that_helps(tmp_path: Path, before: bytes) -> None:
    home = Home(tmp_path)
    home.put("good.jsonl", jsonl(track(user="u1")))
    (tmp_path / "in" / "a.jsonl.zst").write_bytes(before + long_window(jsonl(track(user="u2"))))
    (warning,) = home.ingest().warnings
    assert "in/a.jsonl.zst is zstd with a window above 128 MiB" in warning and "`zstd -d --long=31 FILE`" in warning
    assert home.values("user_id") == ["u1"]
    assert home.reasons() == []  # skipped whole, as a bomb is
    (source,) = home.settings.sources
    assert "`zstd -d --long=31 FILE`" in str(describe_sample(source, sample_source(home.settings, source), 0.05))
    (tmp_path / "in" / "a.jsonl.zst").write_bytes(before + zstandard.compress(jsonl(track(user="u2"))))
    assert home.ingest().warnings == []
    assert set(home.values("user_id")) == ({"u1", "u2", "u8"} if before else {"u1", "u2"})
