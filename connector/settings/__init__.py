"""The settings: `config/connector.toml` as values. A section is a model, a key is a field.

Order of precedence: default, file, environment (`CONNECTOR__SECTION__KEY`). Each section has a module of its own; this one alone reads
the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from connector.errors import SettingsError
from connector.settings.alarms import AlarmsSettings
from connector.settings.api import ApiSettings, AuthSettings, ConsoleSettings
from connector.settings.calendar import CalendarSettings
from connector.settings.errors import PREFIX, explain, misfit, refuse_unknown_variables, unreadable
from connector.settings.files import ErpSettings, FeedSettings, FeedsSettings, PricesFeedSettings, StockFeedSettings
from connector.settings.keeping import BackupSettings, DiskSettings
from connector.settings.marketplaces import MarketplaceSettings
from connector.settings.orders import OrdersSettings
from connector.settings.schedule import ScheduleSettings
from connector.settings.shipping import PickupPointSettings, ShippingSettings, SlaSettings, WindowSettings
from connector.settings.simulation import SimulationSettings
from connector.settings.stock import SafetyRule, StockSettings
from connector.settings.values import Secret, Section, is_loopback, is_safe, laid_over

__all__ = [
    "AlarmsSettings",
    "ApiSettings",
    "AuthSettings",
    "BackupSettings",
    "CalendarSettings",
    "ConsoleSettings",
    "DiskSettings",
    "ErpSettings",
    "FeedSettings",
    "FeedsSettings",
    "MarketplaceSettings",
    "OrdersSettings",
    "PickupPointSettings",
    "PricesFeedSettings",
    "SafetyRule",
    "ScheduleSettings",
    "Secret",
    "ShippingSettings",
    "SimulationSettings",
    "SlaSettings",
    "StockFeedSettings",
    "StockSettings",
    "WindowSettings",
    "is_loopback",
    "is_safe",
]

DEFAULT_PATH = "config/connector.toml"
CREDENTIALS_OF = "connector"
"""How the units name the folder of secrets (deploy/systemd)."""
_kept: dict[Path, bytes] = {}
"""Credentials that were read while this process was root's."""


class DatabaseSettings(Section):
    url: str = Field("sqlite:///var/connector.db", pattern=r"^(sqlite:///|postgresql\+psycopg://)")
    lease_seconds: int = Field(45, ge=1, le=600)


class Settings(Section):
    database: DatabaseSettings = DatabaseSettings.model_construct()
    backup: BackupSettings = BackupSettings.model_construct()
    disk: DiskSettings = DiskSettings.model_construct()
    erp: ErpSettings = ErpSettings.model_construct()
    feeds: FeedsSettings = FeedsSettings.model_construct()
    simulation: SimulationSettings = SimulationSettings.model_construct()
    stock: StockSettings = StockSettings.model_construct()
    shipping: ShippingSettings = ShippingSettings.model_construct()
    orders: OrdersSettings = OrdersSettings.model_construct()
    marketplaces: tuple[MarketplaceSettings, ...] = ()
    api: ApiSettings = ApiSettings.model_construct()
    console: ConsoleSettings = ConsoleSettings.model_construct()
    alarms: AlarmsSettings = AlarmsSettings.model_construct()
    schedule: ScheduleSettings = ScheduleSettings.model_construct()

    config_path: Path = Field(default=Path(DEFAULT_PATH), exclude=True)

    @model_validator(mode="after")
    def _accounts(self) -> Settings:
        accounts = [m.account for m in self.marketplaces]
        twice = next((account for account in accounts if accounts.count(account) > 1), None)
        if twice:
            raise misfit("marketplaces", f"the account {twice} twice", "each account once")
        default = self.api.default_account
        if default and default not in accounts:
            raise misfit("api.default_account", default, f"an account of [[marketplaces]]: {', '.join(accounts) or 'none is configured'}")
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
        read = {"env": self._from_environment, "file": self._from_file, "credential": self._from_systemd}[kind]
        return read(place)

    def _from_environment(self, name: str) -> str:
        value = os.environ.get(name, "")
        if not value:
            raise SettingsError(
                str(self.config_path), f"env:{name}", found="nothing", allowed=f"a secret in the environment variable {name}"
            )
        return value

    def _from_systemd(self, name: str) -> str:
        """Read what LoadCredential= put at hand; systemd itself guards that folder, and names what lay in a folder after that folder."""
        folder = Path(os.environ.get("CREDENTIALS_DIRECTORY") or os.devnull)
        places = (folder / name, folder / f"{CREDENTIALS_OF}_{name}")
        with self._reading(f"credential:{name}"):
            path = next((found for found in places if found in _kept or found.is_file()), None)
        if path is None:
            remedy = "put it into /etc/connector/credentials; by hand, set CREDENTIALS_DIRECTORY to that folder"
            allowed = "a credential that systemd loads (LoadCredential=)"
            raise SettingsError(str(self.config_path), f"credential:{name}", found="nothing", allowed=allowed, remedy=remedy)
        with self._reading(f"credential:{name}"):
            return (_kept[path] if path in _kept else path.read_bytes()).decode().strip()

    def _from_file(self, place: str) -> str:
        path = self.path(place)
        with self._reading(f"file:{place}"):
            if path.stat().st_mode & (0o037 if _is_of_systemd(path) else 0o077):
                raise SettingsError(
                    str(self.config_path), f"file:{place}", found="readable by others", allowed="mode 0600", remedy=f"chmod 600 {path}"
                )
            return path.read_text(encoding="utf-8").strip()

    @contextmanager
    def _reading(self, secret: str) -> Iterator[None]:
        """Say why a secret's file cannot be read, and nothing of what it holds."""
        try:
            yield
        except UnicodeDecodeError:
            raise SettingsError(str(self.config_path), secret, found="no text in UTF-8", allowed="a readable file") from None
        except OSError as error:
            found = error.strerror or "unreadable"
            raise SettingsError(str(self.config_path), secret, found=found, allowed="a readable file") from error

    def marketplace(self, account: str) -> MarketplaceSettings | None:
        return next((m for m in self.marketplaces if m.account == account), None)


def keep_credentials() -> None:
    """Read what $CREDENTIALS_DIRECTORY holds, and go by that from now on: this process is about to become a user who may not read it."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    with suppress(OSError):
        _kept.update({path: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()} if folder else {})


def live_in(home: str) -> None:
    """Let PostgreSQL's driver and pg_dump look for passwords and certificates in another home than root's, which is closed to them now."""
    os.environ["HOME"] = home


def _is_of_systemd(path: Path) -> bool:
    """Tell a credential that systemd laid down: its access list, for the service's user alone, shows as what the group may read."""
    folders = (os.environ.get("CREDENTIALS_DIRECTORY"), "/run/credentials")
    return any(folder is not None and path.resolve().is_relative_to(folder) for folder in folders)


def locate(path: str | None) -> Path:
    """Say which file holds the settings: the one given, else `$CONNECTOR_CONFIG`, else config/connector.toml."""
    return Path(path or os.environ.get("CONNECTOR_CONFIG") or DEFAULT_PATH)


def load(path: str | Path | None = None) -> Settings:
    """Read the settings, or raise SettingsError naming file, key, what was found and what is allowed."""
    file = Path(path) if path is not None else locate(None)
    values = _read_toml(file)
    refuse_unknown_variables(Settings, file, os.environ)
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # to look for some it would read what every installed package says of itself
    try:
        return Settings.model_validate({**laid_over(values, _from_variables()), "config_path": file.absolute()})
    except ValidationError as error:
        raise explain(Settings, file, error, tuple(os.environ)) from None


def _from_variables() -> dict[str, Any]:
    """Return what the environment says. Raises SettingsError for a variable that should be JSON and is none."""
    if not any(name.upper().startswith(PREFIX) for name in os.environ):
        return {}
    from pydantic_settings import EnvSettingsSource  # only for those who set one: it loads a command line and asyncio
    from pydantic_settings.exceptions import SettingsError as NotReadable

    try:
        return EnvSettingsSource(Settings, env_prefix=PREFIX, env_nested_delimiter="__")()  # type: ignore[arg-type]  # any model will do
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


def journal_stream() -> str:
    """Say which stream systemd joined to the journal, as device:inode; "" where it joined none (systemd.exec(5))."""
    return os.environ.get("JOURNAL_STREAM", "")
