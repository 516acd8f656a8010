"""Which answer a request gets that is refused as a whole, and the pages for probes and Prometheus."""

from __future__ import annotations

import pytest
from collector_client import EVENT, JSON, WEB, Client, settings_of


@pytest.fixture
def client() -> Client:
    return Client(settings_of(max_request_bytes=2000, max_queue_bytes=5000))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 202),
        ({"Content-Type": "TEXT/PLAIN"}, 202),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "text/plain; charset=utf-16"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Encoding": "identity"}, 202),
    ],
)
def test_types_of_content(client: Client, headers: dict[str, str], status: int) -> None:
    assert client.post(EVENT, headers).status == status


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_request_over_the_limit_is_refused_whether_it_says_so_or_not(client: Client, is_declared: bool) -> None:
    headers = {**JSON, **WEB, **({"Content-Length": "2001"} if is_declared else {})}
    answer = client.request("POST", "/api/track", headers, [b" " * 1000, b" " * 1001])
    assert (answer.status, answer.json["error"]) == (413, "request_too_large")
    assert client.app._n_received == 0


def test_other_methods_and_paths(client: Client) -> None:
    assert client.request("GET", "/api/track").status == 405
    assert client.request("POST", "/elsewhere").status == 404
    assert client.request("POST", "/healthz").status == 404


def test_a_client_that_sends_too_slowly_is_given_up() -> None:
    client = Client(settings_of(request_timeout="1 s"))
    object.__setattr__(client.app._limits, "timeout_s", 0.01)
    answer = client.request("POST", "/api/track", {**JSON, **WEB}, [b"{", b"}"], is_slow=True)
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert client.app._n_received == 0


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"free": 1000}, "disk_full"),
        ({"n_queued": 5001}, "queue_full"),
        ({"fails": True}, "not_written"),
        ({"is_closing": True}, "stopping"),
    ],
)
def test_what_cannot_be_written_now_may_come_again(client: Client, state: dict[str, int], code: str) -> None:
    for name, value in state.items():
        setattr(client.writer, name, value)
    answer = client.post(EVENT)
    assert (answer.status, answer.json["error"]) == (503, code)
    assert int(answer.headers["retry-after"]) >= 1
    assert client.request("GET", "/readyz").status == 503
    assert client.request("GET", "/healthz").status == 200


def test_metrics_count_events_answers_and_bytes(client: Client) -> None:
    client.post([EVENT, {"event": "x"}])
    client.post(b"{")
    client.app._metrics.wrote(123, 0.004)
    answer = client.request("GET", "/metrics")
    lines = answer.body.decode().splitlines()
    prefix = "growthhouse_collector_"
    for line in (
        'accepted_events_total{source="shop"} 1.0',
        'rejected_events_total{source="shop",reason="bad_timestamp"} 1.0',
        'answers_total{status="202"} 1.0',
        'answers_total{status="400"} 1.0',
        "written_bytes_total 123.0",
        'sync_seconds_bucket{le="0.0025"} 0.0',
        'sync_seconds_bucket{le="0.005"} 1.0',
        'sync_seconds_bucket{le="+Inf"} 1.0',
        "sync_seconds_count 1",
        "queue_bytes 0.0",
        f"free_disk_bytes {float(1 << 40)!r}",
    ):
        assert prefix + line in lines
