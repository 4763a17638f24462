"""Commands about alarms: list, test."""

from __future__ import annotations

from typing import Any

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app

alarms = typer.Typer(help="What a person should see to, and who is told of it.", rich_markup_mode=None)


@alarms.callback(invoke_without_command=True)
def alarms_on(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the alarms that are on, and who was told of them; without a further word."""
    if context.invoked_subcommand is None:
        _list(context, as_json=as_json)


@alarms.command("list")
def alarms_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the alarms that are on, and who was told of them."""
    _list(context, as_json=as_json)


@alarms.command("test")
def alarms_test(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Send one message by each channel of [alarms], and say what came of it."""
    from jobs import tell_alarms

    done = tell_alarms.test(open_app(context))
    if as_json:
        show.document(done)
    for one in done:
        if one["failure"]:
            show.complain(f"{one['channel']}: {one['failure']}")
        elif not as_json:
            show.say(f"{one['channel']}: the message was taken; is it there?")
    raise typer.Exit(1 if any(one["failure"] for one in done) else 0)


def _list(context: typer.Context, *, as_json: bool) -> None:
    from connector.usecases import alarms_told

    found = alarms_told.listing(open_app(context))
    if as_json:
        show.document(found)
        return
    if not found["alarms"]:
        show.say("Alarms: none")
    for alarm in found["alarms"]:
        show.paragraph(f"{alarm['name']} ({alarm['subject']}), since {show.words(alarm['since'])}: {alarm['sentence']}")
        show.paragraph(f"   -> {alarm['remedy']}")
        for channel, at in alarm["told"].items():
            show.say(f"   told by {channel}, last at {show.words(at)}")
    _channels(found["channels"])


def _channels(channels: dict[str, Any]) -> None:
    if not any(one["set"] for one in channels.values()):
        show.say("Nobody is told of alarms: no channel is set in [alarms]")
    for name, one in channels.items():
        if one["set"] and one["trouble"]:
            reason, at = one["trouble"]["reason"], show.words(one["trouble"]["due_at"])
            show.complain(f"{name} takes nothing: {reason}; tried again at {at}")
