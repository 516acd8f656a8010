"""The optional first-party cookie: the anonymous id of a browser, where what a page stores does not last.

Not here: which events get it (events.py), whether it is asked for (app.py).
"""

from __future__ import annotations

import re
import secrets

from collector.answers import Headers

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_MAX_AGE_S = 390 * 24 * 3600  # browsers keep none for longer than 400 days


def read_id(header: str, name: str) -> str:
    """The id in the header `Cookie`, or a new one."""
    for cookie in header.split(";"):
        key, _, value = cookie.strip().partition("=")
        if key == name and _ID.fullmatch(value):
            return value
    return secrets.token_hex(16)


def set_id(name: str, value: str, is_secure: bool) -> Headers:
    """The header that sets it, to an id as trackers make them."""
    if not _ID.fullmatch(value):
        return ()
    rules = f"Max-Age={_MAX_AGE_S}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if is_secure else ''}"
    return ((b"set-cookie", f"{name}={value}; {rules}".encode()),)
