"""The settings: `config/connector.toml` as values. A section is a model, a key is a field.

Order of precedence: default, file, environment (`CONNECTOR__SECTION__KEY`). This module alone reads the environment.
"""

from __future__ import annotations

import os
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as NotReadable

from connector.errors import SettingsError
from connector.settings_errors import PREFIX, explain, misfit, refuse_unknown_variables, unreadable
from connector.settings_values import Name, OptionalSecret, Secret, Share, is_loopback, is_safe, laid_over

__all__ = ["Secret", "is_loopback"]

DEFAULT_PATH = "config/connector.toml"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, arbitrary_types_allowed=True, validate_default=True)


class DatabaseSettings(Section):
    url: str = Field("sqlite:///var/connector.db", pattern=r"^(sqlite:///|postgresql\+psycopg://)")


class ErpSettings(Section):
    source: str = Field("file:inbox", pattern=r"^(file:.|sftp://.)")
    target: str = Field("file:outbox", pattern=r"^(file:.|sftp://.)")
    private_key: OptionalSecret = None
    password: OptionalSecret = None
    known_hosts: str = "config/known_hosts"
    settle_seconds: float = Field(2, ge=0)
    done_marker: str = ""


class FeedSettings(Section):
    pattern: str = ""
    layout: Name = "default"
    mode: Literal["full", "delta"] = "full"
    max_removed: Share = 0.2
    max_rejected: Share = 0.05
    trailer: str = Field("", pattern=r"^$|\{rows\}")


class StockFeedSettings(FeedSettings):
    max_zeroed: Share = 0.5


class PricesFeedSettings(FeedSettings):
    max_price_change: Share = 0.8


class FeedsSettings(Section):
    products: FeedSettings = FeedSettings()
    prices: PricesFeedSettings = PricesFeedSettings()
    stock: StockFeedSettings = StockFeedSettings()
    freight: FeedSettings = FeedSettings()
    services: FeedSettings = FeedSettings()
    invoices: FeedSettings = FeedSettings(mode="delta")
    tracking: FeedSettings = FeedSettings(mode="delta")
    cancellations: FeedSettings = FeedSettings(mode="delta")
    acks: FeedSettings = FeedSettings(mode="delta")

    def of(self, feed: str) -> FeedSettings:
        """Return one feed's settings, its pattern filled in (`<feed>/*`)."""
        found: FeedSettings = getattr(self, feed)
        return found if found.pattern else found.model_copy(update={"pattern": f"{feed}/*"})


class SlaSettings(Section):
    id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    name: str = ""
    table: str
    estimate_unit: Literal["d", "bd", "h", "m"] = "bd"


class ShippingSettings(Section):
    country: str = Field("BRA", pattern=r"^[A-Z]{3}$")
    split: Literal["item", "cart"] = "item"
    slas: tuple[SlaSettings, ...] = ()


class OrdersSettings(Section):
    export_on: Literal["placement", "dispatch"] = "placement"
    format: str = Field("json", pattern=r"^(json|csv|[A-Za-z0-9._-]+\.j2)$")
    price_tolerance: Share = 0.05
    reservation: str = Field("8d", pattern=r"^[0-9]{1,4}(d|bd|h|m)$")


class MarketplaceSettings(Section):
    account: Name
    seller_id: Name
    base_url: str
    suggestions_url: str = ""
    app_key: Annotated[Secret, BeforeValidator(Secret.read)]
    app_token: Annotated[Secret, BeforeValidator(Secret.read)]
    protocol: Literal["current", "2017"] = "current"
    currency: str = Field("BRL", pattern=r"^[A-Z]{3}$")
    sales_channels: tuple[str, ...] = ("1",)
    services_hosts: tuple[str, ...] = ()
    requests_per_minute: int = Field(2500, ge=1)
    concurrency: int = Field(16, ge=1, le=512)

    @model_validator(mode="after")
    def _addresses(self) -> MarketplaceSettings:
        for key in ("base_url", "suggestions_url"):
            address = getattr(self, key)
            if address and not is_safe(address):
                raise misfit(key, address, "an https address (http on loopback alone)")
        return self

    @property
    def suggestions(self) -> str:
        return self.suggestions_url or f"https://api.vtex.com/{self.account}"


class AuthSettings(Section):
    path_token: OptionalSecret = None
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
        return self


class ApiSettings(Section):
    bind: str = Field("127.0.0.1:8000", pattern=r"^(unix:.+|.+:[0-9]{1,5})$")
    prefix: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    workers: int = Field(2, ge=1, le=64)
    threads: int = Field(16, ge=1, le=256)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    auth: AuthSettings = AuthSettings()

    @property
    def is_loopback(self) -> bool:
        return self.bind.startswith("unix:") or is_loopback(self.bind.rpartition(":")[0])

    @model_validator(mode="after")
    def _guarded(self) -> ApiSettings:
        if not self.auth.is_set and not self.is_loopback:
            raise misfit("bind", self.bind, "a loopback bind (127.0.0.1:PORT), or credentials in [api.auth]")
        return self


class ConsoleSettings(Section):
    password: OptionalSecret = None


class ScheduleSettings(Section):
    """When each job runs: a key for each, its name with underscores; cron as cron means it, or "every 5m"; "" is never.

    Which jobs there are, and their defaults, `jobs` knows, which this module cannot import; `usecases/schedules` compares the two.
    """

    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)
    __pydantic_extra__: dict[str, str]

    timezone: str = "America/Sao_Paulo"

    @property
    def jobs(self) -> dict[str, str]:
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _zone(self) -> ScheduleSettings:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise misfit("timezone", self.timezone, "a time zone such as America/Sao_Paulo") from None
        return self


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__", str_strip_whitespace=True, validate_default=True
    )

    database: DatabaseSettings = DatabaseSettings()
    erp: ErpSettings = ErpSettings()
    feeds: FeedsSettings = FeedsSettings()
    shipping: ShippingSettings = ShippingSettings()
    orders: OrdersSettings = OrdersSettings()
    marketplaces: tuple[MarketplaceSettings, ...] = ()
    api: ApiSettings = ApiSettings()
    console: ConsoleSettings = ConsoleSettings()
    schedule: ScheduleSettings = ScheduleSettings()

    config_path: Path = Field(default=Path(DEFAULT_PATH), exclude=True)

    @classmethod
    def settings_customise_sources(  # the signature is pydantic-settings' own
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, dotenv_settings, file_secret_settings  # no hidden places
        return (lambda: laid_over(init_settings(), env_settings()),)  # type: ignore[return-value]  # any callable will do, in spite of the type

    @model_validator(mode="after")
    def _accounts(self) -> Settings:
        accounts = [m.account for m in self.marketplaces]
        twice = next((account for account in accounts if accounts.count(account) > 1), None)
        if twice:
            raise misfit("marketplaces", f"the account {twice} twice", "each account once")
        return self

    @property
    def root(self) -> Path:
        """The project directory: the parent of the folder `config/` that holds the file, else the file's own folder."""
        folder = self.config_path.resolve().parent
        return folder.parent if folder.name == "config" else folder

    def path(self, relative: str | Path) -> Path:
        """Resolve a path of the settings: relative ones lie in the project directory."""
        return self.root / relative

    def reveal(self, secret: Secret) -> str:
        """Read a secret from where it lies, when it is needed. Raises SettingsError where it is not there."""
        kind, _, place = str(secret).partition(":")
        return self._from_environment(place) if kind == "env" else self._from_file(place)

    def _from_environment(self, name: str) -> str:
        value = os.environ.get(name, "")
        if not value:
            raise SettingsError(
                str(self.config_path), f"env:{name}", found="nothing", allowed=f"a secret in the environment variable {name}"
            )
        return value

    def _from_file(self, place: str) -> str:
        path = self.path(place)
        try:
            if path.stat().st_mode & 0o077:
                raise SettingsError(
                    str(self.config_path), f"file:{place}", found="readable by others", allowed="mode 0600", remedy=f"chmod 600 {path}"
                )
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                str(self.config_path), f"file:{place}", found=error.strerror or "unreadable", allowed="a readable file"
            ) from error

    def marketplace(self, account: str) -> MarketplaceSettings | None:
        return next((m for m in self.marketplaces if m.account == account), None)


def locate(path: str | None) -> Path:
    """Say which file holds the settings: the one given, else `$CONNECTOR_CONFIG`, else config/connector.toml."""
    return Path(path or os.environ.get("CONNECTOR_CONFIG") or DEFAULT_PATH)


def load(path: str | Path | None = None) -> Settings:
    """Read the settings, or raise SettingsError naming file, key, what was found and what is allowed."""
    file = Path(path) if path is not None else locate(None)
    values = _read_toml(file)
    refuse_unknown_variables(Settings, file, os.environ)
    try:
        return Settings(**values, config_path=file.absolute())
    except ValidationError as error:
        raise explain(Settings, file, error, tuple(os.environ)) from None
    except NotReadable as error:
        raise unreadable(error, tuple(os.environ)) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            str(file), "the file", found="nothing there", allowed="a settings file", remedy="run: connector init DIR"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(file), "the file", found=str(error), allowed="readable TOML in UTF-8") from None


def notify_socket() -> str:
    """Say where systemd wants to hear of this process; "" where it does not."""
    return os.environ.get("NOTIFY_SOCKET", "")
