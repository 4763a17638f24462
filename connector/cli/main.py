"""The command `connector`: its commands, its exit status, and the last catch."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from connector import __version__
from connector.cli import show
from connector.cli.opening import Call
from connector.errors import ConnectorError

COMMANDS = {
    "init": "project:init",
    "check": "looking:check",
    "migrate": "project:migrate",
    "run": "running:run",
    "replay": "running:replay",
    "daemon": "running:daemon",
    "serve": "running:serve",
    "status": "looking:status",
    "why": "why:why",
    "preview": "looking:preview",
    "backup": "copies:backup",
    "restore": "copies:restore",
    "pause": "fixing:pause",
    "resume": "fixing:resume",
    "resync": "listings:resync",
    "reconcile": "reconcile:reconcile",
    "erase": "fixing:erase",
    "sandbox": "sandbox:sandbox",
    "demo": "project:demo",
    "bench": "project:bench",
    "alarms": "alarms:alarms",
    "layout": "layouts:layout",
    "freight": "freight:freight",
    "held": "fixing:held",
    "quarantine": "fixing:quarantine",
    "dead-letters": "fixing:dead_letters",
    "listings": "listings:listings",
    "orders": "orders:orders",
}
"""Where each command is written: a module of this room, and the function or the group in it."""
UNREAD = {"bench": {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}}
"""Commands that read their words themselves, and help with them."""
GARBAGE_AT = 50_000
"""So many objects more than before, and Python looks for circles. With its usual 700 that is a tenth of a start, and of reading a file."""


def _version(wanted: bool) -> None:
    if wanted:
        show.say(f"connector {__version__}")
        raise typer.Exit


def options(
    context: typer.Context,
    *,
    config: Annotated[
        str | None, typer.Option("--config", metavar="PATH", help="Default: $CONNECTOR_CONFIG, else config/connector.toml.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log more, and show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")] = False,
) -> None:
    """Run the seller's side of VTEX for shops that live on a legacy ERP."""
    del version  # its callback has answered
    context.obj = Call(config, debug)


def tree(names: Iterable[str]) -> typer.Typer:
    """Return the command line with these commands; what others need is not loaded."""
    cli = typer.Typer(
        name="connector",
        epilog="Exit status: 0 done; 1 something was rejected, given up or still failing; 2 the call or the settings are wrong;"
        " 3 something needed cannot be reached.",
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help: rich's costs another 80 ms at each call of --help
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback()(options)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(f"connector.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            cli.add_typer(found, name=name)
        else:
            cli.command(name, context_settings=UNREAD.get(name))(found)
    return cli


def asked_for(words: Sequence[str]) -> Iterable[str]:
    """Return the command that a line names, else all: for the help, for a word that is none, for whatever is not plain."""
    at = 0
    while at < len(words) and (words[at] in ("--config", "--debug") or words[at].startswith("--config=")):
        at += 2 if words[at] == "--config" else 1
    named = words[at] if at < len(words) else ""
    return (named,) if named in COMMANDS else COMMANDS


def main() -> None:
    """Run the command line; end with the status that the contract names, without a traceback unless --debug is there."""
    gc.set_threshold(GARBAGE_AT)
    show.escape_what_cannot_be_printed()
    atexit.register(gc.freeze)  # at the end everything goes at once: nobody needs to look for circles in it
    debug = "--debug" in sys.argv
    try:
        tree(asked_for(sys.argv[1:]))()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; the last flush must not complain
        sys.exit(1)
    except ConnectorError as error:
        if debug:
            raise
        from connector.cli import journal

        show.complain(f"connector: {journal.sentence(error)}")
        sys.exit(error.exit_status)
    except Exception as error:  # no traceback ever reaches a user unasked
        if debug:
            raise
        if isinstance(error, UnicodeEncodeError) and (word := _no_text(sys.argv)):
            show.complain(f"connector: {word!a} is no text in UTF-8 (nothing but a file's name may be such)")
            sys.exit(2)
        show.complain(f"connector: unexpected {type(error).__name__}: {error} (run it again with --debug and report what it prints)")
        sys.exit(1)


def _no_text(words: Sequence[str]) -> str:
    """Return the word of the call that holds bytes which are no text, as Python hands them over; "" where there is none."""
    return next((word for word in words if any("\udc80" <= letter <= "\udcff" for letter in word)), "")
