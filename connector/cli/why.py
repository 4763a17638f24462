"""The command that tells a story: why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app

LANGUAGES = "en, pt or es; without it, that of [erp] language."


def why(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="SKU_OR_ORDER", help="A SKU as the ERP writes it, or an order's id, ours or theirs.")],
    *,
    language: Annotated[str, typer.Option("--language", help=LANGUAGES)] = "",
    as_json: AsJson = False,
) -> None:
    """Tell why a SKU or an order is as it is.

    From the ERP's last line to what the marketplace is answered now; ends with the one thing to do. Nothing is changed.
    """
    from connector.errors import UsageError
    from connector.usecases import why as use

    app = open_app(context)
    spoken = language or app.settings.erp.language
    if spoken not in ("en", "pt", "es"):
        raise UsageError(f"no story is told in {spoken!r}", remedy="--language en, pt or es")
    told = use.described(use.why(app, reference), spoken)
    if as_json:
        show.document(told)
    else:
        _say(told)


def _say(told: dict[str, Any]) -> None:
    show.say(show.words(told["verdict"]))
    show.say()
    for sentence in told["story"]:
        show.paragraph(sentence["text"])
    show.say()
    show.paragraph(f"-> {told['todo']}")
