"""The ways to people: a chat's webhook, e-mail. Each message is sent within a deadline for the whole of it, and follows no redirect."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http.client import HTTPException
from threading import Thread
from zoneinfo import ZoneInfo

import requests
import urllib3
from requests.exceptions import InvalidHeader, InvalidURL
from urllib3.exceptions import LocationValueError

from connector import __version__
from connector.app import App
from connector.delivery import alarm_words
from connector.domain.alarm_telling import News
from connector.settings import AlarmsSettings
from connector.usecases import webhook_secrets
from connector.vtex.deadline import DEADLINE, READ_SECONDS, DeadlineAdapter
from connector.vtex.failures import in_words

TOTAL_SECONDS = 20.0
CONNECT_SECONDS = 5.0
Send = Callable[[News, datetime], str]
"""Sends one message; returns why it was not taken, "" where it was."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to people; `name` is webhook or email."""

    name: str
    send: Send


def channels(app: App, total_seconds: float = TOTAL_SECONDS) -> list[Channel]:
    """Return the channels that the settings name. Raises SettingsError for a secret that is not there or an address that cannot be used."""
    alarms, found = app.settings.alarms, []
    if alarms.webhook is not None:
        found.append(Channel("webhook", _webhook(app, alarms, total_seconds)))
    if alarms.email_to:
        found.append(Channel("email", _email(app, alarms, total_seconds)))
    return found


# ── webhook ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _webhook(app: App, alarms: AlarmsSettings, total_seconds: float) -> Send:
    assert alarms.webhook is not None
    url = webhook_secrets.address(app.settings, alarms.webhook)
    token = {} if alarms.webhook_token is None else {"Authorization": f"Bearer {webhook_secrets.token(app.settings, alarms.webhook_token)}"}
    headers = {"User-Agent": f"vtex-seller-connector/{__version__}", **token}
    zone, project = ZoneInfo(app.settings.schedule.timezone), app.root.name

    def send(news: News, now: datetime) -> str:
        body = alarm_words.document(alarms.webhook_format, news, project, zone, now)
        return _posted(url, body, headers, total_seconds)

    return send


def _posted(url: str, body: object, headers: dict[str, str], total_seconds: float) -> str:
    """Post a document. The answer's body is not read: nobody needs it, and it may be large."""
    token = DEADLINE.set(time.monotonic() + total_seconds)
    try:
        with requests.Session() as session:
            session.trust_env = False
            for scheme in ("https://", "http://"):
                session.mount(scheme, DeadlineAdapter())
            timeout = (CONNECT_SECONDS, READ_SECONDS)
            with session.post(url, json=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True) as reply:
                return _refusal(reply.status_code)
    except (InvalidURL, InvalidHeader, LocationValueError, UnicodeError):  # each of them quotes what it complains of
        return "its address or token cannot be used"
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
        return in_words(error)
    finally:
        DEADLINE.reset(token)


def _refusal(status: int) -> str:
    if 200 <= status < 300:  # noqa: PLR2004  # what HTTP calls success
        return ""
    return f"it answered {status}" + (": redirects are not followed" if 300 <= status < 400 else "")  # noqa: PLR2004  # as above


# ── e-mail ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _email(app: App, alarms: AlarmsSettings, total_seconds: float) -> Send:
    password = app.settings.reveal(alarms.smtp_password) if alarms.smtp_password is not None else ""
    zone, project = ZoneInfo(app.settings.schedule.timezone), app.root.name

    def send(news: News, now: datetime) -> str:
        letter = EmailMessage()
        letter["From"], letter["To"] = alarms.email_from, ", ".join(alarms.email_to)
        letter["Subject"] = alarm_words.subject(news, project)
        letter["Date"], letter["Message-ID"] = format_datetime(now), make_msgid(domain=alarms.email_from.rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"  # holiday answers need not come
        letter.set_content("\n".join(alarm_words.lines(news, zone, now)) + "\n")
        return _Mailing(alarms, password, letter).within(total_seconds)

    return send


class _Mailing:
    """One letter's way to a mail server, in a thread: smtplib's time-outs begin anew with every line that trickles in."""

    def __init__(self, alarms: AlarmsSettings, password: str, letter: EmailMessage) -> None:
        self._alarms, self._password, self._letter = alarms, password, letter
        self._failure: str | None = None

    def within(self, seconds: float) -> str:
        thread = Thread(target=self._run, name="alarm-letter", daemon=True)
        thread.start()
        thread.join(seconds)
        return f"no whole answer within {seconds:g} s" if self._failure is None else self._failure

    def _run(self) -> None:
        try:
            self._failure = self._sent()
        except smtplib.SMTPResponseException as error:
            self._failure = f"it answered {error.smtp_code}"
        except smtplib.SMTPNotSupportedError as error:
            self._failure = f"it cannot do what [alarms] asks for: {str(error).rstrip('.')}"
        except smtplib.SMTPRecipientsRefused as error:
            self._failure = f"it refused {', '.join(sorted(error.recipients))}"
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._failure = f"it failed: {getattr(error, 'strerror', None) or type(error).__name__}"

    def _sent(self) -> str:
        alarms = self._alarms
        with self._connection() as server:
            if alarms.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if alarms.smtp_user:
                server.login(alarms.smtp_user, self._password)
            refused = server.send_message(self._letter)
        return f"it refused {', '.join(sorted(refused))}" if refused else ""

    def _connection(self) -> smtplib.SMTP:
        host, port = self._alarms.smtp_host, self._alarms.smtp_port
        if self._alarms.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=CONNECT_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=CONNECT_SECONDS)
