"""The command that runs a marketplace of VTEX's kind on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PAIR = ("vtexappkey-sandbox", "sandbox-token")  # known to everybody: it opens nothing but a sandbox on loopback


def sandbox(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it listens on 127.0.0.1; 0 takes any that is free.")] = 8900,
    account: Annotated[str, typer.Option(help="The marketplace's account name.")] = "sandboxintegracao",
    seller: Annotated[str, typer.Option(help="Your seller id there.")] = "acme",
    endpoint: Annotated[str, typer.Option(metavar="URL", help='Where it calls you; "" calls nobody.')] = "http://127.0.0.1:8000",
    approve: Annotated[str, typer.Option(metavar="never|auto|deny|SECONDS", help="What becomes of suggestions by itself.")] = "never",
    known: Annotated[str, typer.Option(metavar="FILE|SKU,...", help="What it sells already.")] = "",
    throttle: Annotated[int, typer.Option(metavar="N", min=0, help="Answer so many calls a minute; the others get a 429.")] = 0,
    fail: Annotated[
        list[str] | None, typer.Option(metavar="FAILURE", help="Such as 503x5, 429:20x1, timeout~2%, 500x3@suggestions; may be repeated.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the failures that come by chance the same again.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Answer a call that breaks a rule with 400.")] = False,
    schemas: Annotated[
        Path | None, typer.Option(metavar="DIR", envvar="VTEX_SCHEMAS", help="VTEX's OpenAPI files, to judge documents by them too.")
    ] = None,
    app_key: Annotated[str, typer.Option(help="The application key that it demands.")] = PAIR[0],
    app_token: Annotated[str, typer.Option(help="The application token that it demands.")] = PAIR[1],
) -> None:
    """Run a marketplace as VTEX's are, on this machine alone, with a page of what it saw.

    It knows SKUs, takes suggestions, shops, fails on request, and checks every call. Ends with Ctrl-C; 1 where a rule was broken.
    """
    from connector.sandbox.running import opened, read_known, stay
    from connector.sandbox.suggestions import read_approval
    from connector.sandbox.trouble import read_failure

    for text in fail or ():
        read_failure(text)
    options = {"account": account, "seller_id": seller, "app_key": app_key, "app_token": app_token, "endpoint": endpoint, "strict": strict}
    books = {"known": read_known(known), "approval": read_approval(approve), "schemas": schemas, "seed": seed}
    raise typer.Exit(stay(opened(port, **options, **books), per_minute=throttle, failures=fail or ()))
