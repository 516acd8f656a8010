"""Section `identity`: which ids are valid, when a device is shared, and what is hashed or truncated on the way in."""

from __future__ import annotations

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


class Identity(Section):
    """Invalid ids, users per device before it counts as shared, and pseudonyms."""

    invalid_ids: tuple[Text, ...] = DEFAULT_INVALID_IDS
    max_users_per_device: Count = 1
    pseudonymise: tuple[Literal["user_id", "anonymous_id"], ...] = ()
    key_env: EnvironmentName = "GROWTH_HASH_KEY"
    keep_full_ip: bool = False
