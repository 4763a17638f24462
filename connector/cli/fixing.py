"""Commands by which a person decides: held, quarantine, dead letters, pause and resume, erase."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import typer

from connector.cli import show
from connector.cli.keeping import kept
from connector.cli.opening import AsJson, open_app
from connector.errors import NotFound, UsageError

held = typer.Typer(help="Imports and rows that a guard stopped.", no_args_is_help=True, rich_markup_mode=None)
quarantine = typer.Typer(help="Files and rows that were refused.", no_args_is_help=True, rich_markup_mode=None)
dead_letters = typer.Typer(help="Calls to VTEX that were given up.", no_args_is_help=True, rich_markup_mode=None)

Given = TypeVar("Given", int, list[int] | None)
LARGEST = 2**63 - 1
"""Of the numbers that a database can give."""


def _possible(given: Given) -> Given:
    """Return the numbers given. Raises NotFound for one that nothing can have."""
    for number in given if isinstance(given, list) else [given or 0]:
        if number > LARGEST:
            raise NotFound(f"there is none with the number {number}", remedy="the list shows the numbers")
    return given


Number = Annotated[int, typer.Argument(metavar="ID", help="The number that the list shows.", callback=_possible)]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="The numbers that the list shows.", callback=_possible)]
Named = Annotated[list[int], typer.Argument(metavar="ID...", help="The numbers that the list shows.", callback=_possible)]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
LISTED = ("id", "what", "feed", "file", "line", "key", "column", "value", "reason")
"""Columns of the quarantine: a file refused whole has no line, key, column and value."""


def _chosen(numbers: list[int] | None, *, everything: bool) -> list[int] | None:
    """Return the ids named, or None for all; one of the two must have been said."""
    if bool(numbers) == everything:
        raise UsageError("Name ids, or say --all", remedy="the list shows the ids")
    return None if everything else numbers


def _answer(found: Any, *, as_json: bool, title: str = "") -> None:
    """Print what a use case answers: a list as a table, a document as lines, a sentence as it is."""
    if as_json:
        show.document(found)
    elif isinstance(found, list) and all(isinstance(one, dict) for one in found):
        show.records(title, found)
    elif isinstance(found, dict):
        show.fields(found)
    else:
        for line in found if isinstance(found, list) else [found]:
            show.say(show.words(line))


def _said(document: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        show.document(document)
    else:
        show.say(sentence)


@held.command("list")
def held_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what waits for a yes."""
    from connector.usecases import repair

    _answer(repair.held_list(open_app(context)), as_json=as_json, title="Held")


@held.command("show")
def held_show(context: typer.Context, number: Number, *, as_json: AsJson = False) -> None:
    """Show why one was held, and what it would change."""
    from connector.cli.plans import print_hold
    from connector.usecases import repair

    found = repair.held_show(open_app(context), number)
    if as_json:
        show.document(found)
    else:
        print_hold(found)


@held.command("approve")
def held_approve(context: typer.Context, number: Number, *, as_json: AsJson = False) -> None:
    """Say yes: it is planned again and applied."""
    from connector.usecases import repair

    app = open_app(context)
    done = repair.held_approve(app, number)
    kept(app, "approve-hold", number, done["outcome"])
    _answer(done, as_json=as_json)


@held.command("discard")
def held_discard(context: typer.Context, number: Number, *, as_json: AsJson = False) -> None:
    """Say no: a file moves to rejected/, a row's old value stays."""
    from connector.usecases import repair

    app = open_app(context)
    done = repair.held_discard(app, number)
    kept(app, "discard-hold", number, done["outcome"])
    _answer(done, as_json=as_json)


@quarantine.command("list")
def quarantine_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List refused files, and refused rows that no good row has replaced."""
    from connector.usecases import repair

    found = repair.quarantine_list(open_app(context))
    if as_json:
        show.document(found)
    else:
        show.records("Quarantine", found, LISTED)


@quarantine.command("show")
def quarantine_show(context: typer.Context, number: Number, *, as_json: AsJson = False) -> None:
    """Show one file's refused rows: line, column, value, reason."""
    from connector.usecases import repair

    _answer(repair.quarantine_show(open_app(context), number), as_json=as_json, title="Refused rows")


@quarantine.command("retry")
def quarantine_retry(context: typer.Context, numbers: Numbers = None, *, everything: All = False, as_json: AsJson = False) -> None:
    """Take it again: a refused file whole, a refused document by itself.

    With --all everything that can be taken again as it is. A bad row of the catalogue heals by itself when a good one comes.
    """
    from connector.usecases import retrying

    app = open_app(context)
    done = retrying.retry(app, _chosen(numbers, everything=everything))
    for one in [*done["taken"], *done["refused"]]:
        kept(app, "retry-refused", one["id"], "; ".join([one["outcome"], *one.get("reasons", [])]), failed="reasons" in one)
    if as_json:
        show.document(done)
    else:
        _tell_retried(done)
    for one in done["refused"]:
        became = "its good rows were taken, but not" if one["outcome"] else "it is refused still:"
        for reason in one["reasons"]:
            show.complain(f"{one['id']}: {became} {show.words(reason)}")
    raise typer.Exit(1 if done["refused"] else 0)


@quarantine.command("discard")
def quarantine_discard(context: typer.Context, numbers: Named, *, as_json: AsJson = False) -> None:
    """Lay refused files and rows aside: a person has seen to them.

    They are listed no more; refused files stay in rejected/. A bad row that the next file brings again is listed again.
    """
    from connector.usecases import discarding

    app = open_app(context)
    said = discarding.discard(app, numbers)
    for number, sentence in zip(dict.fromkeys(numbers), said, strict=True):
        kept(app, "discard-refused", number, sentence)
    _answer(said, as_json=as_json)


def _tell_retried(done: dict[str, list[dict[str, Any]]]) -> None:
    said = [f"{one['id']}: {show.words(one['outcome'])}" for one in [*done["taken"], *done["refused"]] if one["outcome"]]
    for line in said or ([] if done["refused"] else ["Nothing that was refused can be taken again as it is"]):
        show.say(line)


@dead_letters.command("list")
def letters_list(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what was given up, and why."""
    from connector.usecases import letters

    _answer(letters.listing(open_app(context)), as_json=as_json, title="Dead letters")


@dead_letters.command("show")
def letters_show(context: typer.Context, number: Number, *, as_json: AsJson = False) -> None:
    """Show one letter."""
    from connector.usecases import letters

    _answer(letters.show(open_app(context), number), as_json=as_json)


@dead_letters.command("replay")
def letters_replay(context: typer.Context, numbers: Numbers = None, *, everything: All = False, as_json: AsJson = False) -> None:
    """Let them be delivered again, from the state of that moment."""
    from connector.usecases import letters

    app = open_app(context)
    count = letters.replay(app, _chosen(numbers, everything=everything))
    for what, about in [("replay-letter", str(number)) for number in numbers or ()] or [("replay-all-letters", "")]:
        kept(app, what, about, f"{count} dead letters go out again")
    _said({"replayed": count}, f"{count} dead letters go out again at the next pass", as_json=as_json)


@dead_letters.command("discard")
def letters_discard(context: typer.Context, numbers: Named, *, as_json: AsJson = False) -> None:
    """Give them up for good; they stay in the history.

    So can be an order's document that waits though it was tried, once somebody has seen that the marketplace does not have it:
    connector why ORDER names its number. Then a corrected one is taken.
    """
    from connector.usecases import letters

    app = open_app(context)
    count = letters.discard(app, numbers)
    for number in numbers:
        kept(app, "discard-letter", number)
    _said({"discarded": count}, f"{count} messages are laid aside", as_json=as_json)


def pause(context: typer.Context, marketplace: Annotated[str, typer.Argument(help="Its account.")], *, as_json: AsJson = False) -> None:
    """Stop all calls to one marketplace, until resume.

    Its own questions and orders are answered as ever; what changes meanwhile waits.
    """
    from connector.usecases import letters

    app = open_app(context)
    letters.pause(app, marketplace)
    kept(app, "pause-marketplace", marketplace)
    _said({"marketplace": marketplace, "paused": True}, f"{marketplace} is paused: what changes meanwhile waits", as_json=as_json)


def resume(context: typer.Context, marketplace: Annotated[str, typer.Argument(help="Its account.")], *, as_json: AsJson = False) -> None:
    """Start the calls to one marketplace again.

    Also ends early a long wait that it asked for, and a block.
    """
    from connector.usecases import letters

    app = open_app(context)
    letters.resume(app, marketplace)
    kept(app, "resume-marketplace", marketplace)
    _said({"marketplace": marketplace, "paused": False}, f"{marketplace} is told again from the next pass on", as_json=as_json)


def erase(
    context: typer.Context,
    document: Annotated[str, typer.Option("--document", metavar="CPF_OR_CNPJ", help="With or without dots and dashes.")] = "",
    *,
    again: Annotated[bool, typer.Option("--again", help="Whoever was erased before: after a restore by PostgreSQL's own means.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a person's data (LGPD).

    Keeps what the law makes a seller keep, and says what was kept, and why.
    """
    from connector.usecases import privacy, tombstones

    app = open_app(context)
    if again:
        listed, count = tombstones.known(app), privacy.erase_again(app)
        said = f"{count} orders of persons erased before were erased again; {listed.path} names {len(listed.orders)} orders"
        _said({"erased_again": count, "listed": len(listed.orders)}, said, as_json=as_json)
        spoiled = [*tombstones.warnings(listed), *tombstones.missing(app)]
        for line in spoiled:
            show.complain(line)
        raise typer.Exit(1 if spoiled else 0)
    done = privacy.erase(app, document)
    kept(app, "erase-person", "", f"{len(done['erased'])} orders")
    _answer(done, as_json=as_json)
    if not any(done[what] for what in ("erased", "already_erased", "still_open", "refused_rows", "texts", "files_masked", "files_removed")):
        show.complain("no order and no refused row bears this document: is the number right?")
    for sentence in done["to_do"]:
        show.complain(sentence)
    raise typer.Exit(1 if done["to_do"] else 0)
