"""Section `identity`: which ids are valid, when a device is shared, and what is hashed or truncated on the way in."""

from __future__ import annotations

import unicodedata
from typing import Literal

from pipeline.settings.types import Count, EnvironmentName, Section, Text

DEFAULT_INVALID_IDS = (
    "null",
    "(null)",
    "none",
    "nil",
    "undefined",
    "nan",
    "n/a",
    "unknown",
    "anonymous",
    "(not set)",
    "[object object]",
    "0",
    "00000000-0000-0000-0000-000000000000",
)

# What programs write where there is no value, in lower case. It is a missing value in every id and text.
PLACEHOLDERS = (
    *("null", "(null)", "<null>", "[null]", "none", "(none)", "nil", "undefined", "(undefined)", "\\n", "-"),
    *("nan", "na", "n/a", "#n/a", "<na>", "not set", "(not set)", "(not provided)", "[object object]"),
)
# Nobody has such an id, whatever `invalid_ids` says.
_NO_IDS = frozenset((*PLACEHOLDERS, "", "true", "false", "00000000-0000-0000-0000-000000000000"))
_INVISIBLE = ("C", "Z")  # Unicode categories: control and format characters, all kinds of white space


class Identity(Section):
    """Invalid ids, users per device before it counts as shared, and pseudonyms."""

    invalid_ids: tuple[Text, ...] = DEFAULT_INVALID_IDS
    max_users_per_device: Count = 1
    pseudonymise: tuple[Literal["user_id", "anonymous_id"], ...] = ()
    key_env: EnvironmentName = "GROWTH_HASH_KEY"
    keep_full_ip: bool = False

    def is_valid_id(self, given: str) -> bool:
        """Whether a text can be the id of somebody: visible, and no placeholder."""
        text = trimmed(given).lower()
        return text not in _NO_IDS and text not in {trimmed(word).lower() for word in self.invalid_ids}


def trimmed(given: str) -> str:
    """A text without white space and invisible characters at its ends."""
    visible = [at for at, c in enumerate(given) if unicodedata.category(c)[0] not in _INVISIBLE]
    return given[visible[0] : visible[-1] + 1] if visible else ""
