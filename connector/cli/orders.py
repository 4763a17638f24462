"""Commands about orders: list, show, export."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connector.cli import show
from connector.cli.keeping import kept
from connector.cli.opening import AsJson, open_app

orders = typer.Typer(help="Orders with their full history.", no_args_is_help=True, rich_markup_mode=None)

FOR_MACHINES = ("raw", "content_hash")

Reference = Annotated[str, typer.Argument(metavar="ID", help="Our order id, or the marketplace's.")]


@orders.command("list")
def order_list(
    context: typer.Context,
    *,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only orders in this state: placed, authorized, cancel-asked, invoiced, canceled or expired."),
    ] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only orders whose ids contain this.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    from connector.usecases import orders as usecase

    found = usecase.listing(open_app(context), state=state, search=search, limit=limit)
    if as_json:
        show.document(found)
    else:
        show.records("Orders", found)


@orders.command("show")
def order_show(context: typer.Context, order: Reference, *, as_json: AsJson = False) -> None:
    """Show one order: items, what it holds, what was told about it, its history.

    With --json also what the marketplace sent, to the letter.
    """
    from connector.usecases import orders as usecase

    found = usecase.show(open_app(context), order)
    if as_json:
        show.document(found)
    else:
        show.fields({name: value for name, value in found.items() if name not in FOR_MACHINES})


@orders.command("export")
def order_export(context: typer.Context, order: Reference, *, as_json: AsJson = False) -> None:
    """Write an order's file again, at the next export-orders."""
    from connector.usecases import orders as usecase

    app = open_app(context)
    order_id = usecase.export_again(app, order)
    kept(app, "export-order", order_id)
    if as_json:
        show.document({"order_id": order_id})
    else:
        show.say(f"The file of order {order_id} is written again at the next export: connector run export-orders")


@orders.command("render")
def order_render(
    context: typer.Context,
    order: Reference,
    *,
    file_format: Annotated[str, typer.Option("--format", help="json, csv or NAME.j2; without it, that of the settings.")] = "",
    paper: Annotated[str, typer.Option("--paper", help="order, dispatch or cancellation.")] = "order",
) -> None:
    """Show an order's file as the ERP would get it, in any format; nothing is written."""
    from connector.usecases.rendering import render

    sys.stdout.buffer.write(render(open_app(context), order, file_format, paper))
