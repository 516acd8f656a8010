"""The tracker as a script for pages: served by the collector, so that a page needs one tag and no build.

Not here: what it does (tracker/), which paths are answered (app.py).
"""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path

from collector.answers import Answer, Headers

_BUILT = Path(__file__).with_name("tracker") / "dist" / "growthhouse.js"
_DEFAULT_PATH = "/api/track"  # where the built script sends to


class Script:
    """The answers to a request for the script of a collector that takes events at `path`."""

    def __init__(self, path: str) -> None:
        self._plain = _BUILT.read_bytes().replace(_DEFAULT_PATH.encode(), path.encode())
        self._zipped = gzip.compress(self._plain, mtime=0)
        self._tag = f'W/"{sha256(self._plain).hexdigest()[:16]}"'  # weak: of the script zipped or not

    def answer(self, accepted_encoding: str, known_tags: str) -> Answer:
        """The script, or 304 where the browser has it already."""
        if self._tag in known_tags:
            return Answer(304, b"", self._headers())
        if "gzip" in accepted_encoding.lower():
            return Answer(200, self._zipped, (*self._headers(), (b"content-encoding", b"gzip")))
        return Answer(200, self._plain, self._headers())

    def _headers(self) -> Headers:
        return (
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
            (b"etag", self._tag.encode()),
            (b"vary", b"accept-encoding"),
            # Any page may load it, also one that isolates itself.
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
        )
