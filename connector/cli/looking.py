"""Commands that look and change nothing: check, status, preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app

if TYPE_CHECKING:
    from connector.usecases.status import Status


def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Look whether all is there that is needed."""
    from connector.usecases import doctor
    from jobs import DEFAULT_SCHEDULES

    checks = []
    for one in doctor.examine(open_app(context, schema=False), DEFAULT_SCHEDULES):
        checks.append(one)
        if not as_json:
            show.say(f"{one.state:<12}{one.name}: {show.words(one.found)}" + (f" -> {one.remedy}" if one.remedy else ""))
    status_number = doctor.exit_status(checks)
    if as_json:
        show.document({"exit_status": status_number, "checks": [one.as_dict() for one in checks]})
    raise typer.Exit(status_number)


Watch = Annotated[bool, typer.Option("--watch", help="Look again every few seconds, until Ctrl-C.")]
Seconds = Annotated[float, typer.Option("--every", min=0.2, max=3600, metavar="SECONDS", help="With --watch: how often.")]


def status(context: typer.Context, *, watch: Watch = False, every: Seconds = 2, as_json: AsJson = False) -> None:
    """Say what ran, what waits, what is stuck."""
    from connector.usecases.status import status as look

    app = open_app(context)
    if watch:
        from connector.cli import watching

        watching.watch(lambda: _tables(look(app)), every)
        return
    found = look(app)
    if as_json:
        show.document(found.as_dict())
    else:
        _tables(found)
    for line in found.troubles:
        show.complain(line)


def _tables(found: Status) -> None:
    seen = found.as_dict()
    show.table(
        "Alarms", ["alarm", "since", "what", "remedy"], [[a[k] for k in ("name", "since", "sentence", "remedy")] for a in seen["alarms"]]
    )
    snapshot = seen["snapshot"]
    show.say(f"Snapshot: {snapshot['skus']} SKUs, {snapshot['prices']} prices, {snapshot['stock']} stock rows, {snapshot['freight']} rates")
    feeds = [(name, _age(feed["age_seconds"]), (feed["last_file"] or {}).get("name")) for name, feed in snapshot["feeds"].items()]
    show.table("Feeds", ["feed", "age", "last file applied"], feeds)
    jobs = [(name, run["ended_at"] or "running", run["exit_status"], _shortly(run)) for name, run in seen["jobs"].items()]
    show.table("Jobs", ["job", "ended", "status", "what"], jobs)
    notifications = seen["notifications"]
    show.say(f"Notifications pending: {notifications['pending']}")
    places = [(account, m["pending"], _state(m), _rate(m), m["blocked_reason"]) for account, m in notifications["marketplaces"].items()]
    show.table("Marketplaces", ["marketplace", "pending", "state", "calls a minute", "reason"], places)
    listings = {account: m["listings"] for account, m in notifications["marketplaces"].items() if m["listings"]}
    for title, what in (
        ("Listings", _counts(listings)),
        ("Orders", _counts(seen["orders"]["by_state"])),
        ("Orders not exported", _counts(seen["orders"]["not_exported"])),
        ("Orders stuck between written and published", ", ".join(seen["orders"]["publishing"])),
        ("Documents that wait", _counts(seen["documents"]["waiting"])),
        ("Files in the source", _files(seen["files"])),
        ("At work", "; ".join(f"{name}: {holder}" for name, holder in seen["leaders"].items())),
        ("Held", _counts(seen["held"])),
        ("Quarantine", _counts(seen["quarantine"])),
        ("Dead letters", _counts(seen["dead_letters"])),
        ("Last backup", (seen["database"]["last_backup"] or {}).get("at")),
    ):
        show.say(f"{title}: {what or 'none'}")


def _shortly(run: dict[str, Any]) -> str:
    """Tell the first thing that a run has to say, failures first, and how many there are besides."""
    said = run["failures"] or run["done"]
    return "; ".join([*said[:1], *([f"{len(said) - 1} more"] if len(said) > 1 else [])])


def _files(files: dict[str, Any]) -> str:
    return ", ".join(name for names in files["names"].values() for name in names)


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _state(marketplace: dict[str, Any]) -> str:
    if marketplace["paused"]:
        return "paused"
    if not marketplace["blocked"]:
        return "open"
    return f"blocked until {marketplace['blocked_until']}" if marketplace["blocked_until"] else "blocked until a person looks"


def _rate(marketplace: dict[str, Any]) -> str:
    """Say the rate of now, of what the settings allow; and since when, where the marketplace found it too fast."""
    rate, ceiling = marketplace["rate_per_minute"], marketplace["ceiling_per_minute"]
    if rate >= ceiling:
        return f"{ceiling}"
    return f"{rate:.0f} of {ceiling}, throttled {marketplace['refused_at'] or 'before'}"


def _counts(what: dict[str, Any]) -> str:
    """Write counts, those of one feed or marketplace in brackets behind it, and no zeros there."""
    return ", ".join(f"{name} ({_counts(_some(value))})" if isinstance(value, dict) else f"{name} {value}" for name, value in what.items())


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def preview(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file as the ERP would send it; it is only read.")],
    feed: Annotated[str, typer.Option("--feed", help="products, prices, stock, services or freight.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what importing a file would change.

    Added, changed by field, removed, rejected rows with reasons; nothing is changed. The exit status is 1 where something would be refused
    or held. --json tells the rows with all their fields.
    """
    from connector.cli.plans import print_plan, what_stops
    from connector.usecases import imports

    found = imports.preview(open_app(context), file.absolute(), feed)
    (show.document if as_json else print_plan)(found)
    if stopped := what_stops(found):
        show.complain(f"{show.words(found['name'])}: {stopped}")
        raise typer.Exit(1)
