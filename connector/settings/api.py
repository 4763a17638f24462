"""Settings of what is served: `[api]`, `[api.auth]` and `[console]`."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import Field, model_validator

from connector.settings.errors import misfit
from connector.settings.values import OptionalSecret, Section, is_loopback


class AuthSettings(Section):
    path_token: OptionalSecret = None
    previous_path_token: OptionalSecret = None
    app_key: OptionalSecret = None
    app_token: OptionalSecret = None
    allow_from: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def is_set(self) -> bool:
        return bool(self.path_token or self.app_key or self.app_token or self.allow_from)

    @model_validator(mode="after")
    def _pair(self) -> AuthSettings:
        if bool(self.app_key) != bool(self.app_token):
            there, missing = ("app_key", "app_token") if self.app_key else ("app_token", "app_key")
            raise misfit(missing, f"{there} alone", "app_key and app_token together, or neither")
        if self.previous_path_token and not self.path_token:
            raise misfit("path_token", "previous_path_token alone", "the token that is valid now, beside the one before it")
        return self


class ApiSettings(Section):
    bind: str = Field("127.0.0.1:8000", pattern=r"^(unix:.+|.+:[0-9]{1,5})$")
    prefix: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    server: Literal["gunicorn", "granian"] = "gunicorn"
    workers: int = Field(2, ge=1, le=64)
    threads: int = Field(16, ge=1, le=256)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    default_account: str = ""
    public_url: str = Field("", pattern=r"^(https?://[^/?#@\s]+(/[A-Za-z0-9._~-]+)*)?$")
    auth: AuthSettings = AuthSettings.model_construct()

    @property
    def is_loopback(self) -> bool:
        return self.bind.startswith("unix:") or is_loopback(self.bind.rpartition(":")[0])

    @model_validator(mode="after")
    def _installed(self) -> ApiSettings:
        if self.server == "granian" and find_spec("granian") is None:
            raise misfit(
                "server", "granian, which is not installed", 'gunicorn, or granian after: pip install "vtex-seller-connector[granian]"'
            )
        return self

    @model_validator(mode="after")
    def _guarded(self) -> ApiSettings:
        if not self.auth.is_set and not self.is_loopback:
            raise misfit("bind", self.bind, "a loopback bind (127.0.0.1:PORT), or credentials in [api.auth]")
        return self


class ConsoleSettings(Section):
    password: OptionalSecret = None
    user_header: str = Field("", pattern=r"^([A-Za-z][A-Za-z0-9-]*)?$")  # e.g. X-Remote-User; believed of [api] trusted_proxies alone
