"""Commands about layouts: guess, try."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app

if TYPE_CHECKING:
    from connector.usecases.layouts import Tried

layout = typer.Typer(help="How one ERP writes its files.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(help="A file as the ERP would send it; it is only read.")]
FeedName = Annotated[
    str, typer.Option("--feed", help="products, prices, stock, services, freight, invoices, tracking, cancellations or acks.")
]


@layout.command("guess")
def layout_guess(file: File, feed: FeedName) -> None:
    """Propose a layout for a file whose columns have other names than ours.

    It is printed as commented TOML; read it through, and save it as config/layouts/NAME.toml.
    """
    from connector.usecases.layouts import guess_layout

    show.say(guess_layout(file.absolute(), feed).rstrip("\n"))


@layout.command("try")
def layout_try(
    context: typer.Context,
    file: File,
    feed: FeedName,
    *,
    name: Annotated[str, typer.Option("--layout", metavar="NAME", help="A layout; default: the one that the settings name.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, max=1000, help="How many rows of each kind are shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what a file is read as with a layout.

    The first rows by our column names, what was found out about the file, and the first refused rows; nothing is changed. The exit status
    is 1 where rows are refused.
    """
    from connector.usecases.layouts import try_layout

    tried = try_layout(open_app(context, schema=False), file.absolute(), feed, name, rows)
    if as_json:
        show.document(tried.as_dict())
    else:
        _say(tried)
    if tried.refused:
        lines = ", ".join(str(row["line"]) for row in tried.rejected) + (", …" if tried.refused > len(tried.rejected) else "")
        show.complain(f"{show.words(tried.file)}: {tried.refused} of {tried.rows_read} rows refused (line {lines})")
        raise typer.Exit(1)


def _say(tried: Tried) -> None:
    show.say(
        show.words(f"{tried.file} as {tried.feed} with layout {tried.layout}: {tried.rows_read} rows read,")
        + f" {tried.taken} understood, {tried.refused} refused"
    )
    for note in tried.notes:
        show.say(f"  {show.words(note)}")
    show.say()
    show.table(
        f"The first {len(tried.rows)} rows as understood" if tried.rows else "Rows understood", ["line", *tried.columns], tried.table
    )
    show.say()
    title = f"The first {len(tried.rejected)} of {tried.refused} refused rows" if tried.rejected else "Refused rows"
    show.records(title, tried.rejected)
    letters = sorted({str(row["value"]) for row in tried.rejected if row["column"] == "active" and row["value"]})
    if letters:
        said = ", ".join(f'"{letter}" = "…"' for letter in letters)
        show.say(f"-> The layout can say what their letters mean, 1 for sold and 0 for not: [values.active], below it {said}")
