"""Which address a request comes from, behind proxies that are trusted, and how much of it is kept.

Not here: what follows from an address (rates.py, events.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_CACHED = 1 << 14
_KEPT_BITS = {4: 24, 6: 48}  # as ingest shortens addresses in properties
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@lru_cache(_CACHED)
def parse_address(text: str) -> Address | None:
    """An address as proxies write it, also with a port; None where it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(_CACHED)
def truncated(text: str) -> str | None:
    """The network of an address: all that is ever written down."""
    address = parse_address(text)
    if address is None:
        return None
    return str(ip_network((address, _KEPT_BITS[address.version]), strict=False).network_address)


def client_address(peer: str, forwarded: Sequence[str], trusted: tuple[Network, ...]) -> str:
    """The nearest address that is not a trusted proxy; each trusted one names the one before it.

    `forwarded`: the values of X-Forwarded-For. What a stranger wrote there is behind the first stranger, and unread.
    """
    address = peer
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and _is_trusted(address, trusted):
        before = parse_address(hops.pop())
        if before is None:
            break
        address = str(before)
    return address


@lru_cache(_CACHED)
def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    address = parse_address(text)
    return address is not None and any(address in network for network in trusted)


def is_loopback(text: str) -> bool:
    """Whether an address is of this machine."""
    address = parse_address(text)
    return address is not None and address.is_loopback
