"""Section `alerts`: who receives a message about a night. It names environment variables, never a secret itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipeline.settings.types import EnvironmentName, Section, Text

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]
Occasion = Literal["failure", "recovery", "gate_warning"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Webhook(Section):
    """Where to post a JSON message. A URL that is itself a secret is given by an environment variable."""

    url: WebAddress | None = None
    url_env: EnvironmentName | None = None
    token_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Webhook:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("expected either url or url_env (the environment variable that contains the URL)")
        return self


class Email(Section):
    """The mail server, the sender and the receivers."""

    to: Annotated[tuple[MailAddress, ...], BeforeValidator(_as_list), Field(min_length=1)]
    sender: MailAddress = Field(alias="from")
    smtp_host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user_env: EnvironmentName | None = None
    password_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _complete_login(self) -> Email:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("a login needs both user_env and password_env")
        if self.password_env and self.security == "none":
            raise ValueError("the password would be sent unencrypted: set security to starttls or tls")
        return self


class Alerts(Section):
    """Nothing is sent unless a webhook or an e-mail is configured."""

    on: Annotated[tuple[Occasion, ...], Field(min_length=1)] = ("failure", "recovery")
    webhook: Webhook | None = None
    email: Email | None = None

    @model_validator(mode="before")
    @classmethod
    def _restore_key_on(cls, value: Any) -> Any:
        """YAML 1.1 reads the bare key `on` as true."""
        if not isinstance(value, dict):
            return value
        return {"on" if key is True else key: entry for key, entry in value.items()}

    @property
    def is_configured(self) -> bool:
        """Whether there is a receiver."""
        return self.webhook is not None or self.email is not None
