"""What a file is that is not text in UTF-8 with a row or an object per line, and how to convert it.

Belongs here: a guess by the first bytes, for a message. Nothing is decoded by it.
"""

from __future__ import annotations

import re

from pipeline.ingest.text.records import BOM, PARQUET_MAGIC

# By their first bytes. Text in these is not looked for.
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"%PDF": "a PDF",
    b"SQLite": "an SQLite database",
    b"\x1f\x8b": "an archive in an archive",
    b"\x28\xb5\x2f\xfd": "an archive in an archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x04\x22\x4d\x18": "an LZ4 archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "an RAR archive",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ARRAY = re.compile(rb"\s*\[\s*\{")
_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_HIGH = re.compile(rb"[\x80-\xff]")
_MIN_SHARE = 0.05  # of lines that are not UTF-8, in a file of another encoding


def describe_foreign(start: bytes) -> str:
    """The message continues "the file"; empty where nothing is to be said."""
    if archive := describe_archive(start):
        return archive
    if start.startswith(PARQUET_MAGIC):  # who reads its footer says what is wrong with it
        return ""
    if _is_utf16(start):
        return "is UTF-16: convert it to UTF-8 (`iconv -f UTF-16 -t UTF-8`)"
    if _ARRAY.match(start.removeprefix(BOM)):
        return "is a JSON array: write one object per line (`jq -c '.[]'`)"
    if encoding := _single_byte_encoding(start):
        return f"is not UTF-8 but looks like {encoding}: convert it to UTF-8 (`iconv -f {encoding} -t UTF-8`)"
    return ""


def describe_archive(start: bytes) -> str:
    """The same for a file that is not text."""
    kind = describe_binary(start)
    return f"is {kind}, not text or Parquet: unpack or export it (gzip and zstd are read as they are)" if kind else ""


def describe_binary(start: bytes) -> str:
    """What a file is, as `a PDF`, that is neither text nor Parquet; empty otherwise."""
    if start[257:262] == b"ustar":
        return "a tar archive"
    if start[8:12] == b"DUCK":
        return "a DuckDB database"
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def _is_utf16(start: bytes) -> bool:
    """By its mark, or by the zeros that every second byte of most languages is."""
    return start.startswith(_UTF16_MARKS) or any(
        len(start) > 8 and start[first::2].count(0) > 0.4 * len(start) / 2 > start[1 - first :: 2].count(0) * 8
        for first in (0, 1)
    )


def _single_byte_encoding(start: bytes) -> str:
    """Of text where most lines that are not ASCII are not UTF-8 either, unless these are few: then they are damaged."""
    lines = start.split(b"\n")[:-1] or [start]
    not_ascii = [line for line in lines if not line.isascii()]
    broken = [line for line in not_ascii if not _decodes(line)]
    if 2 * len(broken) <= len(not_ascii) or len(broken) < _MIN_SHARE * len(lines):
        return ""
    bad = b"\n".join(broken)
    n_high, n_paired = len(_HIGH.findall(bad)), 2 * len(_PAIR.findall(bad))
    return "GB18030" if n_paired > 0.8 * n_high and _decodes(bad, "gb18030") else "WINDOWS-1252"


def _decodes(text: bytes, encoding: str = "utf-8") -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
