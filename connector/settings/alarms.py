"""Settings of who is told of alarms, how and when: `[alarms]`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from connector.settings.errors import misfit
from connector.settings.values import HOUR, OptionalSecret, Section, SpanText, is_loopback

QUIET = re.compile(rf"{HOUR}-{HOUR}")
ADDRESS = re.compile(r"[^@\s<>\"(),;:\\]+@[^@\s<>\"(),;:\\]+")


def _quiet(text: str) -> str:
    if text and (not QUIET.fullmatch(text) or text[:5] == text[6:]):
        raise ValueError('hours such as "22:00-07:00", or "" for none')
    return text


def _address(text: str) -> str:
    if text and not ADDRESS.fullmatch(text):
        raise ValueError("one e-mail address, without a name")
    return text


Address = Annotated[str, AfterValidator(_address)]
QuietText = Annotated[str, AfterValidator(_quiet)]


class AlarmsSettings(Section):
    """`webhook` holds a secret's place: the address of a chat's webhook lets anybody write there who knows it."""

    webhook: OptionalSecret = None
    webhook_format: Literal["slack", "teams", "json"] = "json"
    webhook_token: OptionalSecret = None
    email_to: tuple[Address, ...] = ()
    email_from: Address = ""
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: OptionalSecret = None
    lasting: SpanText = "2m"
    repeat_after: SpanText = "6h"
    quiet_hours: QuietText = ""
    urgent: tuple[str, ...] = ("blocked", "stock-unavailable", "not-picked-up")

    @model_validator(mode="after")
    def _whole(self) -> AlarmsSettings:
        if self.email_to and not (self.smtp_host and self.email_from):
            raise misfit("email_to", ", ".join(self.email_to), "smtp_host and email_from too, or no email_to")
        if self.smtp_security == "none" and self.smtp_host and not is_loopback(self.smtp_host):
            raise misfit("smtp_security", "none", "starttls or tls: alarms go unencrypted to a loopback address only")
        return self
