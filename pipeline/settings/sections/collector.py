"""Section `collector`: where `growthhouse collect` listens, who may send, and how much it takes.

Not here: what it does with a request (`collector/`).
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from pipeline.settings.types import Count, Duration, EnvironmentName, Name, Section, Text

_OWN_PATHS = ("/healthz", "/readyz", "/metrics")
_MIB = 1 << 20


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _checked_network(value: str) -> str:
    """`10.0.0.0/8`, or one address."""
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise ValueError("expected an address or a network such as 10.0.0.0/8") from error


# As browsers send it: scheme, host and a port that is not the scheme's own; `null` is a page of no site.
Origin = Annotated[str, Field(pattern=r"^(https?://[a-z0-9.\-\[\]:]+|null)$")]
Path = Annotated[str, Field(pattern=r"^/[\w./~-]*$")]
Origins = Annotated[tuple[Origin, ...], BeforeValidator(_as_list)]
Network = Annotated[Text, AfterValidator(_checked_network)]


class WriteKey(Section):
    """Who sends with it: a source, and the pages or servers that may."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{8,200}$")] | None = None
    key_env: EnvironmentName | None = None
    source: Name
    origins: Origins = ()
    client: Literal["browser", "server"] = "browser"

    @model_validator(mode="after")
    def _one_key(self) -> WriteKey:
        if (self.key is None) == (self.key_env is None):
            raise ValueError("expected either key or key_env (the environment variable that contains the key)")
        return self


class Rate(Section):
    """Requests per second and process; twice as many may come at once."""

    per_key: Count = 10000
    per_address: Count = 100


class Collector(Section):
    """Defaults that suit one site on one machine."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    path: Path = "/api/track"
    script_path: Path = "/growthhouse.js"
    id_cookie: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    keys: tuple[WriteKey, ...] = ()
    origins: Origins = ()
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_as_list)] = ("127.0.0.0/8", "::1/128")
    rate: Rate = Rate()
    max_event_bytes: Annotated[int, Field(ge=1024)] = _MIB
    max_request_bytes: Annotated[int, Field(ge=1024)] = 5 * _MIB
    max_nesting: Annotated[int, Field(ge=3, le=100)] = 20
    max_keys: Annotated[int, Field(ge=10)] = 1000
    request_timeout: Duration = 10
    max_queue_bytes: Annotated[int, Field(ge=1024)] = 64 * _MIB
    gather_ms: Annotated[int, Field(ge=0, le=1000)] = 5
    max_file_bytes: Annotated[int, Field(ge=1024)] = 128 * _MIB
    max_open: Duration = 900
    min_free_bytes: Annotated[int, Field(ge=0)] = 256 * _MIB

    @field_validator("path", "script_path")
    @classmethod
    def _own_path(cls, value: str) -> str:
        if value in _OWN_PATHS:
            raise ValueError(f"{', '.join(_OWN_PATHS)} have answers of their own")
        return value

    @model_validator(mode="after")
    def _distinct_paths(self) -> Collector:
        if self.path == self.script_path:
            raise ValueError("path and script_path are the same")
        return self

    @field_validator("keys")
    @classmethod
    def _distinct_keys(cls, value: tuple[WriteKey, ...]) -> tuple[WriteKey, ...]:
        names = [entry.key or entry.key_env for entry in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the key '{name}' is used twice")
        return value
