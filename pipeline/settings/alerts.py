"""The section about who is told how a night ended. Secrets never stand in the config: it names environment variables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.settings.types import Section, Text

EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]
Occasion = Literal["failure", "recovery", "gate_warning"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Webhook(Section):
    """Where to post a JSON message. An address that is a secret itself is given by an environment variable."""

    url: WebAddress | None = None
    url_env: EnvironmentName | None = None
    token_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Webhook:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("give url, or url_env (the environment variable that holds it)")
        return self


class Email(Section):
    """Which mail server takes the message, from whom and to whom."""

    to: Annotated[tuple[MailAddress, ...], BeforeValidator(_as_list), Field(min_length=1)]
    sender: MailAddress = Field(alias="from")
    smtp_host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user_env: EnvironmentName | None = None
    password_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _whole_login(self) -> Email:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("a login needs both user_env and password_env")
        if self.password_env and self.security == "none":
            raise ValueError("a password would go over the wire in the clear: use security starttls or tls")
        return self


class Alerts(Section):
    """Nothing is sent unless a webhook or an e-mail is given."""

    on: Annotated[tuple[Occasion, ...], Field(min_length=1)] = ("failure", "recovery")
    webhook: Webhook | None = None
    email: Email | None = None

    @model_validator(mode="before")
    @classmethod
    def _on_is_no_truth(cls, value: Any) -> Any:
        """YAML 1.1 reads a bare `on` as true."""
        return (
            {"on" if key is True else key: entry for key, entry in value.items()} if isinstance(value, dict) else value
        )

    @property
    def is_configured(self) -> bool:
        """Whether there is anybody to tell."""
        return self.webhook is not None or self.email is not None
