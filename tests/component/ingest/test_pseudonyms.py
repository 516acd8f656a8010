"""What ingest keeps out of the lake: ids it hashes, addresses it truncates, lines of erased persons."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_home import Home, jsonl, track

from pipeline.ingest import IngestError
from pipeline.ingest.pseudonyms import PrivacyFilter
from pipeline.ingest.read import connect
from pipeline.ingest.tombstones import Tombstones

TABLE: dict[str, Any] = {
    "name": "orders",
    "format": "table",
    "path": "in/*",
    "columns": {"user_id": "customer", "event_at": "at"},
    "event_name": "purchase",
}


def properties(home: Home) -> list[Any]:
    return [json.loads(text) if text else None for text in home.values("properties")]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("con")
    con = connect(folder)
    PrivacyFilter((), b"", False, Tombstones.read(folder)).install(con)

    def results(macro: str, texts: list[str]) -> list[str]:
        """One query for many texts: compiling the macros takes far longer than running them."""
        query = f"select {macro}(text) from (select unnest(?) as text, generate_subscripts(?, 1) as n) order by n"
        return [text for (text,) in con.execute(query, [texts, texts]).fetchall()]

    return results


# Lists of addresses: as many as an example each would try, and a fraction of the queries.
MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(st.lists(st.ip_addresses(v=6), min_size=20, max_size=20))
def test_ipv6_addresses_are_cut_to_their_48_bits(ask: Any, addresses: list[ipaddress.IPv6Address]) -> None:
    wanted = [ipaddress.ip_network((address, 48), strict=False).network_address for address in addresses]
    forms = (str, lambda a: a.exploded, lambda a: str(a).upper(), lambda a: f"[{a}]:443")
    found = ask("short_ips", [form(address) for form in forms for address in addresses])
    assert list(map(ipaddress.ip_address, found)) == wanted * len(forms)


@MANY
@given(st.lists(st.ip_addresses(v=4), min_size=10, max_size=10))
def test_ipv4_addresses_lose_their_last_octet(ask: Any, addresses: list[ipaddress.IPv4Address]) -> None:
    wanted = [str(ipaddress.ip_network((address, 24), strict=False).network_address) for address in addresses]
    assert ask("short_ips", list(map(str, addresses))) == wanted
    assert ask("scrub_ips", [f'10:00:00 GET "{address}", x' for address in addresses]) == [
        f'10:00:00 GET "{address}", x' for address in wanted
    ]


def test_awkward_addresses(ask: Any) -> None:
    wanted = {
        "203.0.113.7, 2001:db8::1": "203.0.113.0, 2001:db8:0::",
        "203.0.113.7:8080": "203.0.113.0",
        "::1": "0:0:0::",
        "::ffff:203.0.113.7": "::ffff:203.0.113.0",
        "unknown": "unknown",
        "12:30:45 o'clock": "12:30:45 o'clock",
        "": "",
        # more groups than an address has
        "1:2:3:4:5:6:7:8::9": "1:2:3::",
        "1:2:3:4:5:6:7::9:a:b:c": "1:2:3::",
    }
    assert dict(zip(wanted, ask("short_ips", list(wanted)), strict=True)) == wanted


def test_addresses_in_a_text_are_cut_also_where_they_are_mapped(ask: Any) -> None:
    wanted = {
        '{"ip": "::ffff:c0a8:101", "b": ["::1","::ffff:c0a8:101"]}': '{"ip": "::", "b": ["::","::"]}',
        "x ::ffff:192.168.1.1 y": "x ::ffff:192.168.1.0 y",
        "2001:db8:aa:bb::1": "2001:db8:aa::",
        "std::dead(x) ::": "std::dead(x) ::",
    }
    assert dict(zip(wanted, ask("scrub_ips", list(wanted)), strict=True)) == wanted


def test_addresses_are_cut_wherever_a_key_is_named_like_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put(
        "a.jsonl",
        jsonl(
            track(ip="203.0.113.7", properties={"X-Forwarded-For": "198.51.100.9, 10.1.2.3", "version": "1.2.3.4"}),
            track(context={"ip": "2001:db8:aa:bb::1", "device": {"clientIp": "203.0.113.8"}, "page": {"url": "/"}}),
            track(
                properties={"request": {"remote_addr": "203.0.113.9", "path": "/"}, "recipe": {"zip": "203.0.113.9"}}
            ),
            track(properties={"ip_address": ["203.0.113.7"]}, client_ip=None),
            track(properties={"geo": {"IP Address": "203.0.113.7"}, "x-forwarded-for": ["::ffff:c0a8:101"]}),
        ),
    )
    home.ingest()
    first, second, third, fourth, fifth = properties(home)
    assert first == {"ip": "203.0.113.0", "X-Forwarded-For": "198.51.100.0, 10.1.2.0", "version": "1.2.3.4"}
    assert second["context"]["ip"] == "2001:db8:aa::" and second["context"]["device"] == {"clientIp": "203.0.113.0"}
    assert third == {"request": {"remote_addr": "203.0.113.0", "path": "/"}, "recipe": {"zip": "203.0.113.9"}}
    assert fourth == {"ip_address": ["203.0.113.0"]}
    assert fifth == {"geo": {"IP Address": "203.0.113.0"}, "x-forwarded-for": ["::"]}


def test_addresses_are_cut_among_more_keys_than_a_struct_can_hold(tmp_path: Path) -> None:
    home = Home(tmp_path)
    many = {f"key_{n}": n for n in range(300)}
    home.put("a.jsonl", jsonl(track(properties={**many, "ip": "203.0.113.7"}, remoteAddr="198.51.100.9")))
    home.ingest()
    (found,) = properties(home)
    assert (found["ip"], found["remoteAddr"], found["key_7"]) == ("203.0.113.0", "198.51.100.0", 7)


def test_addresses_in_a_column_of_a_table_and_in_rejected_lines_are_cut(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    home.put("a.csv", b"customer,at,ip\nu1,2026-01-05,203.0.113.7\nu2,never,203.0.113.8\n")
    home.ingest()
    assert properties(home) == [{"ip": "203.0.113.0"}]
    assert [row["raw_line"] for row in home.rejects()] == ["u2,never,203.0.113.0"]


def test_full_addresses_are_kept_where_the_config_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path, identity={"keep_full_ip": True})
    home.put("a.jsonl", jsonl(track(ip="203.0.113.7"), '{"broken": "203.0.113.8"'))
    home.ingest()
    assert properties(home) == [{"ip": "203.0.113.7"}]
    assert "203.0.113.8" in home.rejects()[0]["raw_line"]


def test_ids_are_an_hmac_of_what_came_and_nothing_else_tells_them(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    home = Home(tmp_path, identity={"pseudonymise": ["user_id", "anonymous_id"], "key_env": "SHOP_KEY"})
    home.put(
        "a.jsonl",
        jsonl(
            track(user=" anna@shop.example ", anonymousId="dev-1"),
            track(user="null", anonymousId="dev-1", properties={"userId": "anna@shop.example"}),
            '{"userId":"anna@shop.example", broken',
            track(user="anna@shop.example", at="never"),
        ),
    )
    home.ingest()

    def hashed(given: str) -> str:
        return hmac.new(b"s3cret", given.encode(), hashlib.sha256).hexdigest()[:32]

    anna, device = hashed("anna@shop.example"), hashed("dev-1")
    assert home.values("user_id", "anonymous_id") == [(anna, device), (None, device)]
    assert properties(home)[1] == {"userId": anna}
    assert [row["raw_line"] for row in home.rejects()] == ["(withheld)", "(withheld)"]


def test_a_missing_key_stops_the_ingest_and_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("GROWTH_HASH_KEY", raising=False)
    home = Home(tmp_path, identity={"pseudonymise": ["user_id"]})
    home.put("a.jsonl", jsonl(track()))
    with pytest.raises(IngestError, match="GROWTH_HASH_KEY"):
        home.ingest()
    assert not home.ledger()


def test_another_key_reads_every_file_again(tmp_path: Path, monkeypatch: Any) -> None:
    home = Home(tmp_path, identity={"pseudonymise": ["user_id"]})
    home.put("a.jsonl", jsonl(track()))
    ids = []
    for key in ("one", "one", "two"):
        monkeypatch.setenv("GROWTH_HASH_KEY", key)
        home.ingest()
        ids.append(home.event()["user_id"])
    assert ids[0] == ids[1] != ids[2]


def bury(home: Home, kind: str, *ids: str) -> None:
    stones = Tombstones.read(home.folder / "data")
    stones.add(kind, set(ids), datetime(2026, 1, 1))
    stones.write()


def test_later_deliveries_of_an_erased_user_are_counted_and_not_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    bury(home, "user", "u1")
    home.put(
        "a.jsonl",
        jsonl(
            track(user="u1"),
            track(user="u12"),
            '{"userId":"u1", broken',
            '{"userId":"u12", broken',
            track(user="u1", at="never"),
        ),
    )
    home.ingest()
    assert home.values("user_id") == ["u12"]
    assert home.reasons() == [(4, "bad_json")]
    row = home.active()["a.jsonl"]
    assert (row.n_lines, row.n_accepted, row.n_rejected, row.n_erased) == (2, 1, 1, 3)


def test_an_erased_device_may_serve_somebody_else_but_an_erased_anonymous_id_is_gone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    bury(home, "device", "d1")
    bury(home, "anonymous", "d2")
    home.put("a.jsonl", jsonl(*(track(user=user, anonymousId=d) for d in ("d1", "d2", "d3") for user in (None, "u9"))))
    home.ingest()
    assert home.values("user_id", "anonymous_id") == [("u9", "d1"), (None, "d3"), ("u9", "d3")]
    assert home.active()["a.jsonl"].n_erased == 3


def test_a_file_of_an_erased_person_alone_is_neither_empty_nor_forgotten(tmp_path: Path) -> None:
    home = Home(tmp_path)
    bury(home, "user", "u1")
    home.put("a.jsonl", jsonl(track(user="u2")))
    gone = home.put("b.jsonl", jsonl(track(user="u1")))
    assert home.ingest().warnings == []
    gone.unlink()
    home.ingest()
    assert home.active()["b.jsonl"].n_erased == 1


def test_a_ledger_of_an_older_version_has_erased_nothing(tmp_path: Path) -> None:
    import duckdb

    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track()))
    home.ingest()
    ledger = home.folder / "data" / "lake" / "ledger.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table old as select * exclude (n_erased, n_expired) from '{ledger}'")
        con.execute(f"copy old to '{ledger}' (format parquet)")
    ledger.with_name("checksums.txt").unlink()  # nor had it any sums
    assert [(row.n_accepted, row.n_erased, row.n_expired) for row in home.ledger()] == [(1, 0, 0)]
    assert home.ingest().n_files_new == 0
