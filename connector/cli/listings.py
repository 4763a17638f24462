"""Commands about what marketplaces know of the SKUs: listings, resync."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import show
from connector.cli.keeping import kept
from connector.cli.opening import AsJson, open_app

listings = typer.Typer(help="What each marketplace knows of each SKU.", no_args_is_help=True, rich_markup_mode=None)

Account = Annotated[str | None, typer.Option("--marketplace", help="Its account; all, where none is named.")]
SHOWN = ("marketplace", "sku", "state", "told_at", "word", "note", "remedy")
STATES = "unknown, withheld, suggested, denied, accepted or known."


@listings.command("list")
def listings_list(
    context: typer.Context,
    *,
    marketplace: Account = None,
    state: Annotated[str | None, typer.Option("--state", help=STATES)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="So many of each marketplace.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List SKUs with what a marketplace knows of them, why, and what to do about it."""
    from connector.usecases import listings as use

    found = use.listed(open_app(context), marketplace, state, limit)
    if as_json:
        show.document(found)
    else:
        show.records("Listings", found, SHOWN)


@listings.command("show")
def listings_show(
    context: typer.Context,
    sku: Annotated[str, typer.Argument(help="The SKU's code in the ERP.")],
    *,
    marketplace: Account = None,
    as_json: AsJson = False,
) -> None:
    """Tell all of one SKU: what marketplaces know, what waits, what VTEX would refuse or do badly with."""
    from connector.usecases import listings as use

    found = use.show(open_app(context), sku, marketplace)
    (show.document if as_json else show.fields)(found)


def resync(
    context: typer.Context,
    marketplace: Annotated[str, typer.Argument(help="Its account.")],
    *,
    only: Annotated[str | None, typer.Option("--only", help="price, inventory or content; else everything.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a marketplace everything again, within its rate.

    Puts a message for every SKU; notify-marketplaces sends them, after whatever changes meanwhile.
    """
    from connector.usecases import resync as use

    app = open_app(context)
    with show.progress() as bar:
        task = bar.add_task("SKUs", total=None)
        done = use.resync(app, marketplace, only, lambda count, total: bar.update(task, completed=count, total=total))
    kept(app, "resync-marketplace", marketplace, f"{done['put']} calls put for {done['skus']} SKUs")
    if as_json:
        show.document(done)
    else:
        _tell(done)


def _tell(done: dict[str, Any]) -> None:
    already = f", {done['waited_already']} waited already" if done["waited_already"] else ""
    show.say(f"{done['marketplace']}: {done['put']} calls put for {done['skus']} SKUs{already}")
    if done["put"]:
        took = f"{done['minutes']:.0f} min" if done["minutes"] >= 1 else "a minute"
        show.say(f"At {done['calls_per_minute']:.0f} calls a minute they take {took} at least, until {show.words(done['told_by'])}")
        show.say("The daemon sends them at their time, after whatever changes meanwhile; connector run notify-marketplaces sends all now")
    if done["paused"]:
        show.complain(f"{done['marketplace']} is paused: nothing goes out until: connector resume {done['marketplace']}")
    if done["blocked_reason"]:
        show.complain(f"{done['marketplace']} is blocked: {done['blocked_reason']}")
