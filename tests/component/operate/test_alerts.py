"""Alerts: one per failed run whoever notices it, a recovery after it, and a channel that fails harms nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from alert_sinks import MailSink, WebSink, serving
from tiny_nights import killed_run, night, run

from pipeline.operate import alert_channels
from pipeline.operate.alert_channels import deliver
from pipeline.orchestration.dead_runs import end_dead_runs
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.run_alerts import send_alert_of
from pipeline.orchestration.sensors import build_alert_sensors
from pipeline.settings import Alerts, ConfigError, Settings, load_settings, parse_settings

BASE = "site: {}\nsources: [{name: shop, path: 'raw/*'}]\n"


@pytest.fixture
def web() -> Iterator[WebSink]:
    with serving(WebSink()) as sink:
        yield sink


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with serving(MailSink()) as sink:
        yield sink


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def home(folder: Path, web: WebSink, on: str = "[failure, recovery]") -> Settings:
    (folder / "growth.yaml").write_text(BASE + f"alerts: {{on: {on}, webhook: {{url: '{web.url}'}}}}\n")
    return load_settings(folder / "growth.yaml")


def webhook(web: WebSink, **options: Any) -> Alerts:
    return Alerts.model_validate({"webhook": {"url": web.url, **options}})


# -- what an alert says, and how often --


def test_a_failed_gate_is_told_once_with_its_reason_and_what_to_do(instance: Any, tmp_path: Path, web: WebSink) -> None:
    settings = home(tmp_path, web)
    run_id = run(instance, night(gate_holds=False))
    for _ in range(3):
        assert send_alert_of(instance, settings, run_id) == []
    (message,) = web.received
    wanted = {
        "kind": "failure",
        "home": str(tmp_path),
        "run_id": run_id,
        "status": "failed_gate",
        "failed_step": "gate_raw",
    }
    assert {key: message[key] for key in wanted} == wanted
    assert "gate_raw on raw/events: rejected_rate 0.4, not 0.05" in message["reason"]
    assert "growthhouse run" in message["next_step"]
    assert all(part in message["text"] for part in (str(tmp_path), run_id, message["reason"], message["next_step"]))


def test_the_sensor_and_the_command_line_tell_of_a_run_once(instance: Any, tmp_path: Path, web: WebSink) -> None:
    settings = home(tmp_path, web)
    failed = run(instance, night(gate_holds=False))
    assert send_alert_of(instance, settings, failed) == []
    sensor: Any = build_alert_sensors(GrowthHome(config_path=str(tmp_path / "growth.yaml")))[0]
    other = run(instance, night(gate_holds=False))
    for run_id in (failed, other, other):
        (event,) = [entry.dagster_event for entry in instance.all_logs(run_id, dg.DagsterEventType.RUN_FAILURE)]
        context = dg.build_run_status_sensor_context(sensor.name, event, instance, instance.get_run_by_id(run_id))
        sensor(context.for_run_failure())
    assert [message["run_id"] for message in web.received] == [failed, other]


def test_the_next_published_night_is_a_recovery_and_the_one_after_is_silent(
    instance: Any, tmp_path: Path, web: WebSink
) -> None:
    settings = home(tmp_path, web)
    for assets in (night(), night(gate_holds=False), night(), night()):
        send_alert_of(instance, settings, run(instance, assets))
    assert [message["kind"] for message in web.received] == ["failure", "recovery"]


def test_a_part_of_a_night_is_no_recovery(instance: Any, tmp_path: Path, web: WebSink) -> None:
    settings = home(tmp_path, web)
    for assets in (night(gate_holds=False), night()[:2]):
        send_alert_of(instance, settings, run(instance, assets))
    assert [message["kind"] for message in web.received] == ["failure"]


@pytest.mark.parametrize(("on", "kinds"), [("[failure]", []), ("[gate_warning]", ["gate_warning"])])
def test_warnings_are_told_where_asked_for(
    instance: Any, tmp_path: Path, web: WebSink, on: str, kinds: list[str]
) -> None:
    settings = home(tmp_path, web, on)
    send_alert_of(instance, settings, run(instance, night(False, dg.AssetCheckSeverity.WARN)))
    assert [message["kind"] for message in web.received] == kinds
    assert all("rejected_rate 0.4" in message["reason"] for message in web.received)


def test_a_killed_run_is_told_by_whoever_finds_it(instance: Any, tmp_path: Path, web: WebSink) -> None:
    run_id = killed_run(instance)
    end_dead_runs(instance)
    send_alert_of(instance, home(tmp_path, web), run_id)
    assert [(m["status"], m["failed_step"]) for m in web.received] == [("killed", None)]


def test_values_that_an_engine_quotes_do_not_leave_the_machine(instance: Any, tmp_path: Path, web: WebSink) -> None:
    @dg.asset
    def table() -> None:
        raise dg.Failure(
            "dbt layer marts: 1 failed\nConversion Error: Could not convert string 'ann@shop.example' to INT64"
        )

    send_alert_of(instance, home(tmp_path, web), run(instance, [table]))
    assert "ann" not in str(web.received)
    assert "Conversion Error: Could not convert string '…' to INT64" in web.received[0]["reason"]


def test_nothing_is_sent_or_kept_without_a_receiver(instance: Any, tmp_path: Path) -> None:
    (tmp_path / "growth.yaml").write_text(BASE + "alerts: {on: [failure]}\n")
    assert send_alert_of(instance, load_settings(tmp_path / "growth.yaml"), run(instance, night(False))) == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("text", "status"), [("", "STOPPED"), ("alerts: {webhook: {url_env: HOOK}}\n", "RUNNING")])
def test_the_sensors_run_only_where_somebody_is_named(tmp_path: Path, text: str, status: str) -> None:
    (tmp_path / "growth.yaml").write_text(BASE + text)
    sensors = build_alert_sensors(GrowthHome(config_path=str(tmp_path / "growth.yaml")))
    assert {sensor.default_status.value for sensor in sensors} == {status}


# -- how it is sent --


def test_the_token_comes_from_the_environment(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "s3cret")
    assert deliver(webhook(web, token_env="HOOK_TOKEN"), "night failed", "why", {"run_id": "r"}) == []
    assert web.tokens == ["Bearer s3cret"]
    assert web.received == [{"text": "night failed\nwhy", "run_id": "r"}]


def test_a_secret_address_comes_from_the_environment(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", web.url)
    assert deliver(Alerts.model_validate({"webhook": {"url_env": "HOOK"}}), "s", "t", {}) == []
    assert len(web.received) == 1


def test_what_is_missing_is_named_and_the_rest_is_sent(web: WebSink, mail: MailSink) -> None:
    email = {"to": "ops@shop.example", "from": "night@shop.example", "smtp_host": "127.0.0.1", "port": mail.port}
    alerts = Alerts.model_validate(
        {"webhook": {"url": web.url, "token_env": "UNSET_TOKEN"}, "email": {**email, "security": "none"}}
    )
    assert deliver(alerts, "night failed", "why\n", {}) == ["webhook: the environment variable UNSET_TOKEN is not set"]
    (message,) = mail.received
    assert (message["Subject"], message["From"], message["To"]) == (
        "night failed",
        "night@shop.example",
        "ops@shop.example",
    )
    assert message.get_content().strip() == "why"


def test_a_server_that_refuses_is_reported_without_its_address(web: WebSink) -> None:
    web.status = 503
    assert deliver(webhook(web), "s", "t", {}) == ["webhook: the server answered 503"]


def test_a_redirect_is_not_followed_with_the_token_in_hand(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "s3cret")
    with serving(WebSink()) as elsewhere:
        web.status, web.location = 302, elsewhere.url
        assert deliver(webhook(web, token_env="HOOK_TOKEN"), "s", "t", {}) == ["webhook: the server answered 302"]
        assert elsewhere.received == []


def test_a_server_that_does_not_answer_is_given_up(web: WebSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_channels, "TIMEOUT_S", 0.2)
    web.delay_s = 1.5
    assert deliver(webhook(web), "s", "t", {}) == ["webhook: no answer within 0.2 s"]


def test_nobody_listening_is_no_error(web: WebSink) -> None:
    with serving(WebSink()) as gone:
        address = gone.url
    (problem,) = deliver(Alerts.model_validate({"webhook": {"url": address}}), "s", "t", {})
    assert problem == "webhook: no connection (ConnectionRefusedError)"


def test_a_mail_server_without_encryption_gets_no_message_where_it_is_asked_for(mail: MailSink) -> None:
    email = {"to": "ops@shop.example", "from": "night@shop.example", "smtp_host": "127.0.0.1", "port": mail.port}
    assert deliver(Alerts.model_validate({"email": email}), "s", "t", {}) != []
    assert mail.received == []


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("alerts:\n  webhook: {}\n", "alerts.webhook", "url_env"),
        ("alerts:\n  webhook: {url: 'file:///etc/passwd'}\n", "alerts.webhook.url", "https?"),
        ("alerts:\n  on: [sometimes]\n", "alerts.on[0]", "recovery"),
        ("alerts:\n  webhook: {url: 'https://x', password: hunter2}\n", "alerts.webhook.password", "unknown key"),
        ("alerts:\n  email: {to: a@b.c, smtp_host: h}\n", "alerts.email.from", "missing"),
        ('alerts:\n  email: {to: a@b.c, from: "a@b.c\\nBcc: x@y.z", smtp_host: h}\n', "alerts.email.from", "matches"),
        (
            "alerts:\n  email: {to: a@b.c, from: a@b.c, smtp_host: h, security: none, user_env: U, password_env: P}\n",
            "alerts.email",
            "unencrypted",
        ),
    ],
)
def test_a_mistake_names_key_and_line(text: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(BASE + text)
    assert (caught.value.key, caught.value.line) == (key, 4)
    assert words in str(caught.value)
