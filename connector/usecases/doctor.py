"""`connector check`: is everything there that the connector needs? One line per check, with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from connector.app import App
from connector.errors import ConnectorError, Unreachable
from connector.settings import FeedsSettings
from connector.settings.path_token import path_tokens
from connector.storage import database, health
from connector.usecases import backups, disk, doctor_marketplaces, doctor_outside, left, soundness, strays, surroundings, turns
from connector.usecases.checking import FAIL, OK, UNREACHABLE, WARN, Check
from connector.usecases.schedules import schedules

SHORT_TOKEN = 16


def exit_status(checks: Iterable[Check]) -> int:
    """Return 0 where all is well or merely worth a warning, 1 where something fails, 3 where something cannot be reached."""
    states = {check.state for check in checks}
    return 3 if UNREACHABLE in states else 1 if FAIL in states else 0


def examine(app: App, jobs: Mapping[str, str]) -> Iterator[Check]:
    """Look at everything, one after the other; what fails is a line, and the next is looked at."""
    yield Check("settings", OK, str(app.settings.config_path))
    yield from _each("schedule", partial(_schedule, app, jobs))
    yield from _each("layouts", partial(_layouts, app))
    yield from _each("order format", partial(_order_format, app))
    yield from _each("database", partial(_database, app))
    yield from _each("ERP source", partial(_store, app, source=True))
    yield from _each("ERP target", partial(_store, app, source=False))
    if not app.marketplaces:
        yield Check("marketplaces", WARN, "none is set", "add a [[marketplaces]] section")
    for marketplace in app.marketplaces:
        yield from _each(f"marketplace {marketplace.account}", partial(doctor_marketplaces.marketplace, app, marketplace))
    yield from _each("marketplaces that left", partial(left.checks, app))
    yield from _each("API credentials", partial(_api, app))
    yield from _each("public address", partial(doctor_outside.public_address, app))
    yield from _each("alarm channels", partial(_channels, app))
    yield from _each("feeds", partial(doctor_outside.feeds, app))
    yield from _each("freight tables", partial(_freight, app))
    yield from _each("free disk", partial(_disk, app))
    yield from _each("backup", partial(_backup, app))


def _each(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except Unreachable as error:
        yield Check(name, UNREACHABLE, error.message, error.remedy)
    except ConnectorError as error:
        yield Check(name, FAIL, error.message, error.remedy)


def _schedule(app: App, jobs: Mapping[str, str]) -> Iterator[Check]:
    planned = schedules(app.settings, jobs)
    never = [name for name in jobs if name not in planned]
    found = f"{len(planned)} jobs, in {app.settings.schedule.timezone}"
    yield Check("schedule", WARN if never else OK, found + (f"; never: {', '.join(never)}" if never else ""))


def _layouts(app: App) -> Iterator[Check]:
    from connector.formats.layout import load_layout

    for name in sorted({app.settings.feeds.of(feed).layout for feed in FeedsSettings.model_fields}):
        load_layout(name, app.settings.path("config/layouts"))
        yield Check(f"layout {name}", OK, "can be read")


def _order_format(app: App) -> Iterator[Check]:
    from connector.formats.order_template import look_at

    name = app.settings.orders.format
    if name.endswith(".j2"):
        look_at(app.settings.path("config/templates"), name)
    yield Check("order format", OK, name)


def _database(app: App) -> Iterator[Check]:
    database.ready(app.db)
    yield Check("database", OK, health.describe(app.db))
    kind = surroundings.file_system(app.db.path.parent) if app.db.is_sqlite else ""
    if kind in surroundings.NETWORK_FILE_SYSTEMS:
        yield Check("database", FAIL, soundness.unsafe(kind), soundness.LOCAL)
    if app.db.is_sqlite and app.db.path.stat().st_mode & 0o077:
        yield Check("database", WARN, f"{app.db.path} can be read by other users, and holds personal data", f"chmod 600 {app.db.path}*")
    warning, remedy = health.warning(app.db)
    if warning:
        yield Check("database", WARN, warning, remedy)
    if leader := turns.leaders(app).get("daemon"):
        yield Check("daemon", OK, f"the jobs are run by {leader}")


def _store(app: App, *, source: bool) -> Iterator[Check]:
    name = "ERP source" if source else "ERP target"
    store = app.source if source else app.target
    yield Check(name, OK, "; ".join([store.url, *store.describe()]))
    if source and (left := strays.strays(app)):
        yield Check(name, WARN, strays.found(left), strays.remedy(left))


def _freight(app: App) -> Iterator[Check]:
    if not app.settings.shipping.slas:
        yield Check("freight tables", WARN, "no SLA is set: every simulation answers without delivery", "add [[shipping.slas]]")
    rows = health.freight_rows(app.db)
    for sla in app.settings.shipping.slas:
        count = surroundings.rows_of_table(rows, sla.table)
        remedy = f"put rates into the ERP source as {sla.table}, then: connector run refresh-snapshot"
        yield Check(f"SLA {sla.id}", OK if count else WARN, f"{sla.table}: {count} rates", "" if count else remedy)


def _disk(app: App) -> Iterator[Check]:
    for place in disk.places(app):
        found = f"{place.folder}: {place.free / disk.MEGABYTE:.0f} MB free ({place.share:.0%})"
        if place.is_short:
            yield Check("free disk", FAIL, f"{place.sentence}: imports and orders stand still", "make room; they go on by themselves")
        elif place.free < disk.COMFORT_BYTES or place.share < disk.COMFORT_SHARE:
            yield Check("free disk", WARN, found, f"make room: imports and orders stop below {place.least / disk.MEGABYTE:.0f} MB")
        else:
            yield Check("free disk", OK, found)


def _backup(app: App) -> Iterator[Check]:
    made, every = backups.so_far(app), app.settings.backup.made_every
    if not app.db.is_sqlite:
        yield Check("backup", OK, "PostgreSQL's own means; `connector backup` calls pg_dump")
    elif not made:
        yield Check("backup", WARN, f"there is none in {backups.folder(app)} yet", "connector daemon makes them; by hand: connector backup")
    elif every is not None and app.now - made[0].at > backups.LATE * every:
        yield Check(
            "backup", WARN, f"the last is of {made[0].at:%Y-%m-%d %H:%M} UTC", "does connector daemon run? By hand: connector backup"
        )
    else:
        yield Check("backup", OK, f"{len(made)} in {backups.folder(app)}, the last of {made[0].at:%Y-%m-%d %H:%M} UTC")


def _api(app: App) -> Iterator[Check]:
    require_secrets(app)
    if any(len(token) < SHORT_TOKEN for token in path_tokens(app.settings)):
        yield Check("path token", WARN, f"it has less than {SHORT_TOKEN} characters: it can be guessed", "openssl rand -hex 16 makes one")
    guarded = "guarded by [api.auth]" if app.settings.api.auth.is_set else "loopback only, without credentials"
    yield Check("API credentials", OK, f"{app.settings.api.bind}, {guarded}")


def _channels(app: App) -> Iterator[Check]:
    """Say who is told of alarms, and make sure of the secrets: the first alarm would else find out that they cannot be used."""
    from connector.usecases import webhook_secrets

    alarms = app.settings.alarms
    if alarms.webhook is not None:
        webhook_secrets.address(app.settings, alarms.webhook)
    if alarms.webhook_token is not None:
        webhook_secrets.token(app.settings, alarms.webhook_token)
    if alarms.smtp_password is not None:
        app.settings.reveal(alarms.smtp_password)
    told = [*(["a webhook"] if alarms.webhook else []), *alarms.email_to]
    if told:
        yield Check("alarm channels", OK, f"alarms are told to {', '.join(told)}; connector alarms test tries it")
    else:
        yield Check("alarm channels", WARN, "nobody is told of alarms", "set webhook or email_to in [alarms]")


def require_secrets(app: App) -> None:
    """Make sure that every secret that `serve` needs is where the settings say, and can be used. Raises SettingsError."""
    auth, console = app.settings.api.auth, app.settings.console
    path_tokens(app.settings)
    for secret in (auth.app_key, auth.app_token, console.password):
        if secret is not None:
            app.settings.reveal(secret)
