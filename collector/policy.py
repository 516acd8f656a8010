"""Who may send to which source: write keys, and the origins of pages that browsers may send from.

Built once from the config; answers are looked up. Not here: rates (rates.py), events (events.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from pipeline.settings import Settings

_ANYBODY = ""  # the key of whoever sends none, where the config has none


@dataclass(frozen=True)
class Client:
    """What a write key allows."""

    name: str
    source: str
    origins: frozenset[str]
    is_server: bool = False
    from_this_machine: bool = False  # pages that this machine serves may send, whatever their port

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may send."""
        return origin in self.origins or (self.from_this_machine and is_own_machine(urlsplit(origin).hostname or ""))


@dataclass(frozen=True)
class Policy:
    """All write keys."""

    clients: Mapping[str, Client]

    def client_of(self, key: str) -> Client | None:
        """Who sends with a key; without keys in the config, anybody on this machine."""
        return self.clients.get(_ANYBODY if _ANYBODY in self.clients else key)

    def is_known(self, origin: str) -> bool:
        """Whether any key allows an origin: before it sends, a browser asks without its key."""
        return any(client.allows(origin) for client in self.clients.values())

    @property
    def sources(self) -> list[str]:
        """The sources that are written."""
        return sorted({client.source for client in self.clients.values()})


def is_own_machine(host: str) -> bool:
    """Whether a host's name means this machine, without asking the network."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def read_policy(settings: Settings, host: str) -> Policy:
    """The keys of a config, for a collector that listens on `host`. Raises ConfigError."""
    config = settings.collector
    if not config.keys:
        if not is_own_machine(host):
            raise settings.error_at(
                ("collector", "keys"),
                f"is empty, so the collector listens on this machine only, not on {host}",
                "add a key, or use --host 127.0.0.1",
            )
        source = _only_source(settings)
        return Policy({_ANYBODY: Client("none", source, frozenset(config.origins), from_this_machine=True)})
    clients: dict[str, Client] = {}
    for index, entry in enumerate(config.keys):
        place = ("collector", "keys", index)
        key = entry.key or os.environ.get(entry.key_env or "", "")
        if not key:
            raise settings.error_at((*place, "key_env"), f"{entry.key_env} is not set", "set it to the write key")
        if key in clients:
            raise settings.error_at(place, "the same key as another entry", "give each entry a key of its own")
        _check_source(settings, entry.source, (*place, "source"))
        origins = frozenset((*config.origins, *entry.origins))
        name = entry.key_env or f"{key[:6]}…"
        clients[key] = Client(name, entry.source, origins, entry.client == "server")
    return Policy(clients)


def _only_source(settings: Settings) -> str:
    """Without keys all events are of one source."""
    names = [source.name for source in settings.sources if source.format == "tracker"]
    readable = [name for name in names if _is_read(settings, name)]
    if not readable:
        _check_source(settings, names[0] if names else "", ("sources",))
    if len(readable) > 1:
        raise settings.error_at(
            ("collector", "keys"),
            f"is empty, and the sources {', '.join(readable)} could all be meant",
            "add a key for each",
        )
    return readable[0]


def _check_source(settings: Settings, name: str, place: tuple[str | int, ...]) -> None:
    if not any(source.name == name and source.format == "tracker" for source in settings.sources):
        raise settings.error_at(
            place,
            f"no source '{name}' with format: tracker" if name else "no source with format: tracker",
            'add one with path: "{home}/data/raw/<name>/**/*.jsonl*"',
        )
    if not _is_read(settings, name):
        raise settings.error_at(
            place,
            f"the source '{name}' does not read data/raw/{name}, where the collector writes",
            f'set its path to "{{home}}/data/raw/{name}/**/*.jsonl*"',
        )


def _is_read(settings: Settings, name: str) -> bool:
    """Whether the glob of a source matches files as the collector names them."""
    folder = settings.data_dir / "raw" / name / "2026-01-01"
    files = [folder / "00-00000000-1.jsonl", folder / "00-00000000-1.rejected.jsonl"]
    return all(settings.is_read_by(name, file) for file in files)


def key_in(query: bytes) -> str:
    """The write key in `?key=`."""
    pairs = parse_qsl(query.decode("latin-1"), max_num_fields=20) if b"key=" in query else []
    return next((value for name, value in pairs if name == "key"), "")
