"""Who may send, from which pages and addresses, and how often."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from collector_client import EVENT, JSON, SERVER, WEB, Client, settings_of

from collector.addresses import client_address, truncated
from collector.policy import read_policy
from collector.rates import Rates
from pipeline.settings import ConfigError, parse_settings

SHOP = "https://shop.example"


@pytest.fixture
def client() -> Client:
    return Client(settings_of())


def test_a_key_names_the_source_in_the_header_or_the_address(client: Client) -> None:
    assert client.post(EVENT, WEB).status == client.post(EVENT, SERVER).status == 202
    assert client.request("POST", "/api/track", JSON, [b"[" + b"]"], query="key=web-key-1").status == 400
    assert {source: len(lines) for source, lines in client.writer.events.items()} == {"shop": 1, "app": 1}


@pytest.mark.parametrize("headers", [{"X-Write-Key": "wrong"}, {"X-Write-Key": ""}])
def test_without_a_known_key_nothing_is_taken(client: Client, headers: dict[str, str]) -> None:
    answer = client.post(EVENT, {**headers, "Origin": SHOP})
    assert (answer.status, answer.json["error"]) == (401, "write_key")
    assert answer.headers["access-control-allow-origin"] == SHOP  # so that the page can read why
    assert client.writer.events == {}


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        "https://shop.example:8443",
        "https://sub.shop.example",
        "https://shop.example.evil",
        "null",
    ],
)
def test_origins_are_exact(client: Client, origin: str) -> None:
    answer = client.post(EVENT, {"Origin": origin})
    assert answer.status == 403 and "access-control-allow-origin" not in answer.headers
    preflight = client.request("OPTIONS", "/api/track", {"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 403 and "access-control-allow-origin" not in preflight.headers
    assert client.writer.events == {}


def test_a_page_of_the_key_may_send_and_its_browser_remembers_it(client: Client) -> None:
    preflight = client.request("OPTIONS", "/api/track", {"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == SHOP
    assert preflight.headers["access-control-max-age"] == "86400"
    assert "x-write-key" in preflight.headers["access-control-allow-headers"]
    answer = client.post(EVENT, {"Origin": SHOP})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (202, SHOP)
    assert answer.headers["vary"] == "origin"
    assert client.post(EVENT, {**SERVER, "Origin": SHOP}).status == 403  # it is not an origin of this key


def test_without_keys_pages_of_this_machine_may_send() -> None:
    client = Client(parse_settings(ONE_SOURCE))
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"):
        assert client.post(EVENT, {"Origin": origin}).status == 202
    for origin in ("https://evil.example", "http://localhost.evil.example", "null"):
        assert client.post(EVENT, {"Origin": origin}).status == 403


TWO_SOURCES = """site: {}
sources:
  - {name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}
  - {name: app, path: "{home}/data/raw/app/**/*.jsonl*"}
"""
ONE_SOURCE = 'site: {}\nsources: [{name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}]\n'


@pytest.mark.parametrize(
    ("text", "host", "problem"),
    [
        (ONE_SOURCE, "0.0.0.0", "collector.keys: is empty"),
        (ONE_SOURCE, "shop.example", "collector.keys: is empty"),
        (ONE_SOURCE.replace("raw/shop", "in"), "127.0.0.1", "does not read data/raw/shop"),
        (ONE_SOURCE.replace("jsonl*", "json"), "127.0.0.1", "does not read data/raw/shop"),
        (ONE_SOURCE.replace("}]", ", format: table}]"), "::1", "no source with format: tracker"),
        (TWO_SOURCES, "127.0.0.1", "the sources shop, app could all be meant"),
        (TWO_SOURCES.replace("raw/", "in/"), "127.0.0.1", "does not read data/raw/shop"),
        (ONE_SOURCE + "collector: {keys: [{key: abcdefgh, source: app}]}\n", "0.0.0.0", "no source 'app'"),
        (
            ONE_SOURCE + "collector: {keys: [{key_env: NO_SUCH_KEY, source: shop}]}\n",
            "0.0.0.0",
            "NO_SUCH_KEY is not set",
        ),
    ],
)
def test_a_config_that_would_lose_events_or_let_anybody_in_is_refused(text: str, host: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_policy(parse_settings(text), host)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{keys: [{key: short, source: shop}]}", "collector.keys[0].key"),
        ("{keys: [{source: shop}]}", "expected either key or key_env"),
        ("{keys: [{key: abcdefgh, source: shop}, {key: abcdefgh, source: shop}]}", "is used twice"),
        ("{origins: ['https://shop.example/']}", "collector.origins[0]"),
        ("{origins: ['*']}", "collector.origins[0]"),
        ("{trusted_proxies: [10.0.0.1/8]}", "expected an address or a network"),
        ("{path: track}", "collector.path"),
        ("{path: /healthz}", "have answers of their own"),
        ("{prot: 80}", "did you mean `port`?"),
    ],
)
def test_a_mistake_in_the_section_is_named(section: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_settings(f"{ONE_SOURCE}collector: {section}\n")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1::"),
        ("203.0.113.77:5000", "203.0.113.0"),
        ("unknown", None),
        ("", None),
    ],
)
def test_an_address_is_kept_as_its_network(address: str, kept: str | None) -> None:
    assert truncated(address) == kept


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.1", ["203.0.113.7"], "198.51.100.1"),  # a stranger says what it likes
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(peer: str, forwarded: list[str], client: str) -> None:
    trusted = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    assert client_address(peer, forwarded, trusted) == client


def test_tokens_come_back_with_time_and_full_buckets_are_forgotten() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0], max_buckets=3)
    assert [rates.take("a", 1) for _ in range(3)] == [0, 0, 1]
    now[0] = 1.0
    assert [rates.take("a", 1) for _ in range(2)] == [0, 1]
    assert all(rates.take(f"{n}", 1) == 0 for n in range(100)) and len(rates._buckets) <= 3


def test_a_busy_address_is_slowed_down_but_not_other_addresses_servers_or_this_machine() -> None:
    client = Client(settings_of(rate={"per_address": 2}))
    statuses = [client.post(EVENT).status for _ in range(6)]
    assert statuses[:4] == [202] * 4 and statuses[-1] == 429
    answer = client.post(EVENT, {"Origin": SHOP})
    assert int(answer.headers["retry-after"]) >= 1 and answer.headers["access-control-allow-origin"] == SHOP
    assert client.post(EVENT, SERVER).status == 202
    for address in ("203.0.113.78", "127.0.0.1"):
        client.address = address
        assert client.post(EVENT).status == 202


def test_a_busy_key_is_slowed_down() -> None:
    client = Client(settings_of(rate={"per_key": 1}))
    statuses = [client.post(EVENT, SERVER).status for _ in range(4)]
    assert statuses[:2] == [202] * 2 and 429 in statuses
