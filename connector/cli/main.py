"""The command `connector`: its commands, its exit status, and the last catch."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from connector import __version__
from connector.cli import copies, fixing, looking, project, running, show
from connector.cli.alarms import alarms
from connector.cli.freight import freight
from connector.cli.layouts import layout
from connector.cli.listings import listings, resync
from connector.cli.opening import Call
from connector.cli.orders import orders
from connector.cli.reconcile import reconcile
from connector.cli.sandbox import sandbox
from connector.cli.why import why
from connector.errors import ConnectorError

cli = typer.Typer(
    name="connector",
    epilog="Exit status: 0 done; 1 something was rejected, given up or still failing; 2 the call or the settings are wrong;"
    " 3 something needed cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: rich's costs another 80 ms at each call of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        show.say(f"connector {__version__}")
        raise typer.Exit


@cli.callback()
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


cli.command()(project.init)
cli.command()(looking.check)
cli.command()(project.migrate)
cli.command()(running.run)
cli.command()(running.replay)
cli.command()(running.daemon)
cli.command()(running.serve)
cli.command()(looking.status)
cli.command()(why)
cli.add_typer(alarms, name="alarms")
cli.command()(looking.preview)
cli.command()(copies.backup)
cli.command()(copies.restore)
cli.add_typer(layout, name="layout")
cli.add_typer(freight, name="freight")
cli.add_typer(fixing.held, name="held")
cli.add_typer(fixing.quarantine, name="quarantine")
cli.command()(fixing.pause)
cli.command()(fixing.resume)
cli.add_typer(fixing.dead_letters, name="dead-letters")
cli.add_typer(listings, name="listings")
cli.command()(resync)
cli.command()(reconcile)
cli.add_typer(orders, name="orders")
cli.command()(fixing.erase)
cli.command()(sandbox)
cli.command()(project.demo)
cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(project.bench)


def main() -> None:
    """Run the command line; end with the status that the contract names, without a traceback unless --debug is there."""
    debug = "--debug" in sys.argv
    try:
        cli()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; the last flush must not complain
        sys.exit(1)
    except ConnectorError as error:
        if debug:
            raise
        show.complain(f"connector: {error}")
        sys.exit(error.exit_status)
    except Exception as error:  # one of the four places: no traceback ever reaches a user unasked
        if debug:
            raise
        show.complain(f"connector: unexpected {type(error).__name__}: {error} (run it again with --debug and report what it prints)")
        sys.exit(1)
