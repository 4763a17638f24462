"""The command that compares: reconcile."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app


def reconcile(
    context: typer.Context,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Import again what differs from its file, tell what was never told.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the ERP's last files, the snapshot, and what marketplaces were told and are answered.

    Ends with 1 where differences are left. With --repair they are mended by the ways of every day: the last file is imported again under
    the guards of now, messages are put again. What only a person can do is said.
    """
    from connector.usecases import reconciling

    app = open_app(context)
    with show.progress() as bar:
        task = bar.add_task("", total=None)
        found = reconciling.reconcile(app, repair=repair, went=lambda what, count: bar.update(task, description=what, completed=count))
    if as_json:
        show.document(found)
    else:
        _say(found)
    for line in found["failures"]:
        show.complain(show.words(line))
    if found["left"]:
        show.complain(f"{found['left']} differences are left")
    sys.stdout.flush()
    raise typer.Exit(1 if found["left"] else 0)


def _say(found: dict[str, Any]) -> None:
    for one in found["files"]:
        show.paragraph(f"{one['feed']}: {_file(one)}")
    for account, told in found["marketplaces"].items():
        counts = [f"{told[what]['count']} {word}{_some(told[what])}" for what, word in WORDS.items() if told[what]["count"]]
        show.paragraph(f"{account}: {', '.join(counts) or 'was told all'}; {told['waiting']} messages wait")
    for account, channels in found["answers"].items():
        for channel, counted in channels.items():
            said = ", ".join(f"{count} {cause}" for cause, count in sorted(counted.items())) or "nothing"
            show.paragraph(f"{account}, sales channel {channel}: {said}")
    for line in found["repaired"]:
        show.paragraph(f"done: {line}")
    for line in found["todo"]:
        show.paragraph(f"-> {line}")


WORDS = {"never_told": "SKUs were never told", "lost": "SKUs are unknown there without a reason", "given_up": "messages were given up"}


def _some(found: dict[str, Any]) -> str:
    more = ", …" if found["count"] > len(found["skus"]) else ""
    return f" ({', '.join(found['skus'])}{more})"


def _file(one: dict[str, Any]) -> str:
    if one["trouble"]:
        return f"{one['file']}: {one['trouble']}"
    if not one["differences"]:
        return f"the snapshot says what {one['file']} says" + _beside(one)
    fields = ", ".join(f"{name} {count}" for name, count in one["by_field"].items())
    changed = f"{one['changed']} rows differ" + (f" ({fields})" if fields else "")
    return f"{one['file']}: {one['added']} rows are missing, {changed}, {one['removed']} are too many" + _beside(one)


def _beside(one: dict[str, Any]) -> str:
    said = [f"{one[what]} rows {what}" for what in ("refused", "held") if one[what]]
    return f", besides {' and '.join(said)}" if said else ""
