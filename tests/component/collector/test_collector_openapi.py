"""docs/openapi.yml and a running collector agree: random requests, good and bad, get only the answers it describes.

Requests are drawn here from the description by hypothesis, since schemathesis would lock twenty further packages.
"""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from collector_process import Process
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.home.paths import PROJECT_ROOT

API = yaml.safe_load((PROJECT_ROOT / "docs" / "openapi.yml").read_text(encoding="utf-8"))
TRACK = API["paths"]["/api/track"]["post"]
EVENT_KEYS = API["components"]["schemas"]["Event"]["properties"]
CONFIG = """
site: {}
sources: [{name: shop, path: "{home}/data/raw/shop/**/*.jsonl*"}]
collector: {max_request_bytes: 5000, max_event_bytes: 2000, keys: [
    {key: web-key-1, source: shop, origins: ["https://shop.example"]}, {key: server-key, source: shop, client: server}]}
"""

ids = st.sampled_from(["u1", "null", "", 7, "../../x", "..\\x", "\u202e"]) | st.text(max_size=8)
times = st.sampled_from(["2026-01-05T10:00:00Z", 1767607200, 1767607200.5, "yesterday", ""])
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
leaves |= st.text(max_size=20) | st.just("x" * 3000)
anything = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
by_name: dict[str, st.SearchStrategy[Any]] = {
    "event": st.sampled_from(["add_to_cart", "", "/etc/passwd"]) | st.text(max_size=5),
    "timestamp": times,
    "sentAt": times,
    "userId": ids,
    "anonymousId": ids,
    "eventId": ids,
    "context": st.dictionaries(st.sampled_from(["page", "ip", "userAgent"]), anything),
    "properties": st.dictionaries(st.text(), anything, max_size=3),
}
good = st.fixed_dictionaries(
    {"event": st.just("view_item"), "timestamp": st.just("2026-01-05T10:00:00Z"), "userId": st.just("u1")},
    optional={key: by_name[key] for key in ("eventId", "context", "properties")},
)
odd = st.fixed_dictionaries({}, optional={key: by_name[key] | anything for key in EVENT_KEYS})
events = good | odd
values = (
    events | st.lists(events, max_size=4) | st.fixed_dictionaries({"batch": st.lists(events, max_size=4)}) | anything
)
bodies = values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50) | st.just(b" " * 6000)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from([*TRACK["requestBody"]["content"], "text/html", "text/plain;charset=UTF-8"]),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br"]),
        "X-Write-Key": st.sampled_from(["web-key-1", "server-key", "wrong", "../../shop"]),
        "Origin": st.sampled_from(["https://shop.example", "https://evil.example", "null"]),
        "Sec-GPC": st.sampled_from(["0", "1"]),
        "X-Forwarded-For": st.sampled_from(["203.0.113.7", "::1", "../x"]),
    },
)
queries = st.sampled_from(["", "?key=web-key-1", "?key=server-key", "?key=%2e%2e%2f", "?key", "?%"])


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    running = Process(tmp_path_factory.mktemp("openapi") / "home", config=CONFIG).wait_until_ready()
    yield running
    running.end()


def check_answer(
    process: Process, method: str, path: str, target: str, body: bytes | None, more: dict[str, str]
) -> int:
    """The status of an answer that the description has, with this body and these headers."""
    with closing(http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)) as connection:
        connection.request(method, target, body, more)
        answer = connection.getresponse()
        content = answer.read()
    described = API["paths"][path][method.lower()]["responses"].get(str(answer.status))
    assert described, f"{answer.status} is not described: {content[:200]!r}"
    for name in described.get("headers", {}):
        assert int(answer.headers[name]) >= 1
    for kind, media in described.get("content", {}).items():
        assert answer.headers["Content-Type"].startswith(kind)
        if kind == "application/json":
            schema = {**media["schema"], "components": API["components"]}
            Draft202012Validator(schema).validate(json.loads(content))
    return answer.status


def test_it_is_a_description_of_the_answers(process: Process) -> None:
    for schema in API["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, operations in API["paths"].items():
        for method in operations.keys() - {"post"}:
            origin = {"Origin": "https://shop.example"} if method == "options" else {}
            assert check_answer(process, method.upper(), path, path, None, origin) in (200, 204)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, headers, queries, st.booleans())
def test_any_request_gets_an_answer_that_is_described(
    process: Process, body: bytes, more: dict[str, str], query: str, is_zipped: bool
) -> None:
    if is_zipped:
        body, more = gzip.compress(body), {**more, "Content-Encoding": "gzip"}
    status = check_answer(process, "POST", "/api/track", f"/api/track{query}", body, more)
    assert status < 500


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, min_size=1, max_size=4), st.sampled_from(["web-key-1", "server-key"]))
def test_events_with_a_key_are_accepted_or_rejected_one_by_one(process: Process, batch: list[Any], key: str) -> None:
    more = {"Content-Type": "application/json", "X-Write-Key": key}
    body = json.dumps({"batch": batch}).encode()
    assert check_answer(process, "POST", "/api/track", "/api/track", body, more) == (413 if len(body) > 5000 else 202)


def test_nothing_was_written_elsewhere(process: Process) -> None:
    files = [path.relative_to(process.home) for path in process.home.rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert file == Path("growth.yaml") or file.parts[:3] == ("data", "raw", "shop") or file.parts[2][0] == ".", file
