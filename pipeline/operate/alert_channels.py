"""Channels of an alert: a webhook and e-mail. Not here: the text of an alert, and when it is sent
(`pipeline.operate.alerts`).

Nothing here raises: each channel returns a sentence on why it could not deliver, without its address or any secret.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from pipeline.settings import Alerts, Email, Webhook

TIMEOUT_S = 10


class NotSent(Exception):
    """Why an alert was not delivered, fit to be shown."""


def deliver(alerts: Alerts, subject: str, text: str, details: dict[str, Any]) -> list[str]:
    """Send over every configured channel; returns a sentence for each that failed. Each has TIMEOUT_S in all."""
    problems = []
    if alerts.webhook is not None:
        problems += _attempt("webhook", lambda: _post(alerts.webhook, {"text": f"{subject}\n{text}", **details}))
    if alerts.email is not None:
        problems += _attempt("e-mail", lambda: _mail(alerts.email, subject, text))
    return problems


def _attempt(channel: str, send: Callable[[], None]) -> list[str]:
    """In a thread of its own: a server that answers byte by byte would outlast any timeout of a socket."""
    problems = [f"{channel}: no answer within {TIMEOUT_S} s"]

    def work() -> None:
        try:
            send()
        except NotSent as reason:
            problems[:] = [f"{channel}: {reason}"]
        except TimeoutError:  # of the socket, a moment before that of the thread
            pass
        except Exception as error:  # an alert never ends a night, whatever the library raises
            problems[:] = [f"{channel}: {type(error).__name__}"]
        else:
            problems.clear()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return list(problems)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would turn the POST into a GET elsewhere, with the token in hand."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(webhook: Webhook | None, details: dict[str, Any]) -> None:
    assert webhook is not None
    address = webhook.url or _secret(webhook.url_env)
    if not address.startswith(("http://", "https://")):
        raise NotSent(f"the address in {webhook.url_env} does not start with http:// or https://")
    headers = {"Content-Type": "application/json", "User-Agent": "growthhouse"}
    if webhook.token_env:
        headers["Authorization"] = f"Bearer {_secret(webhook.token_env)}"
    request = urllib.request.Request(address, json.dumps(details).encode(), headers, method="POST")
    try:
        urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as answer:
        raise NotSent(f"the server answered {answer.code}") from None
    except urllib.error.URLError as error:
        raise NotSent(f"no connection ({type(error.reason).__name__})") from None


def _mail(email: Email | None, subject: str, text: str) -> None:
    assert email is not None
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, email.sender, ", ".join(email.to)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="growthhouse")
    message.set_content(text)
    trusted = ssl.create_default_context()
    try:
        with _server(email, trusted) as server:
            if email.security == "starttls":
                server.starttls(context=trusted)
            if email.user_env:
                server.login(_secret(email.user_env), _secret(email.password_env))
            server.send_message(message)
    except smtplib.SMTPResponseException as answer:
        raise NotSent(f"the mail server answered {answer.smtp_code}") from None
    except OSError as error:
        raise NotSent(f"the mail server took no message ({type(error).__name__})") from None


def _server(email: Email, trusted: ssl.SSLContext) -> smtplib.SMTP:
    if email.security == "tls":
        return smtplib.SMTP_SSL(email.smtp_host, email.port, timeout=TIMEOUT_S, context=trusted)
    return smtplib.SMTP(email.smtp_host, email.port, timeout=TIMEOUT_S)


def _secret(variable: str | None) -> str:
    value = os.environ.get(variable or "", "").strip()
    if not value:
        raise NotSent(f"the environment variable {variable} is not set")
    return value
