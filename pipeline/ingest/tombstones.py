"""Who was erased, so that the same lines are not accepted again: HMACs of ids under a salt of this home, no ids.

Belongs here: the file of hashes, and how an id is hashed. Not here: erasing (`pipeline.privacy`), filtering lines
(pseudonyms.py).
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipeline.home.atomic import write_private

# user: every line with this user_id; device: lines with this anonymous_id and no user_id (somebody else may use the
# device now); anonymous: every line with this anonymous_id.
KINDS = ("user", "device", "anonymous")
HEX_DIGITS = 32


def keyed_hash(key: bytes, text: str) -> str:
    """The first 128 bits of an HMAC-SHA-256, in hexadecimal."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:HEX_DIGITS]


@dataclass
class Tombstones:
    """Hashes of erased ids by kind, each with the time of erasure."""

    path: Path
    salt: bytes = b""
    erased: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in KINDS})

    @classmethod
    def read(cls, data_dir: Path) -> Tombstones:
        """The tombstones of a home; none, with a new salt, before the first erasure."""
        path = data_dir / "erasures" / "tombstones.json"
        if not path.exists():
            return cls(path, secrets.token_bytes(32))
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, bytes.fromhex(kept["salt"]), {kind: dict(kept["erased"].get(kind, {})) for kind in KINDS})

    def __bool__(self) -> bool:
        return any(self.erased.values())

    def hash(self, given: str) -> str:
        """An id as this list and the reports contain it."""
        return keyed_hash(self.salt, given)

    def has(self, kind: str, given: str) -> bool:
        """Whether an id was erased."""
        return self.hash(given) in self.erased[kind]

    def add(self, kind: str, ids: set[str], now: datetime) -> None:
        """Add erased ids; those already in the list keep their time."""
        for given in sorted(ids):
            self.erased[kind].setdefault(self.hash(given), f"{now:%Y-%m-%dT%H:%M:%SZ}")

    def write(self) -> None:
        """Replace the file in one step; only this user may read the salt."""
        write_private(json.dumps({"salt": self.salt.hex(), "erased": self.erased}, indent=1), self.path)
