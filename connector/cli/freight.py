"""Commands about freight: explain."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from connector.cli import show
from connector.cli.opening import AsJson, open_app

freight = typer.Typer(help="Why a way of delivery is offered, or not.", no_args_is_help=True, rich_markup_mode=None)


@freight.command("explain")
def freight_explain(
    context: typer.Context,
    *,
    sku: Annotated[str, typer.Option("--sku", help="The SKU, as the ERP calls it.")],
    postal_code: Annotated[str, typer.Option("--postal-code", help="Where it goes: 01310-100 or 01310100.")] = "",
    coordinates: Annotated[str, typer.Option("--coordinates", metavar="LAT,LNG", help="Where it goes, for pickup points.")] = "",
    quantity: Annotated[int, typer.Option("--quantity", min=1, max=10**9, help="How many of it.")] = 1,
    marketplace: Annotated[str, typer.Option("--marketplace", metavar="ACCOUNT", help="Whose prices; default: the only one.")] = "",
    sales_channel: Annotated[str, typer.Option("--sales-channel", help="In which sales channel.")] = "1",
    country: Annotated[str, typer.Option("--country", metavar="BRA", help="Three letters; default: that of [shipping].")] = "",
    as_json: AsJson = False,
) -> None:
    """Say why each way of delivery is offered for a SKU, or not: row, reason, price and estimate; nothing is changed."""
    from connector.usecases.freight_explained import Question, explain

    app = open_app(context)
    found = explain(app, Question(sku, postal_code, quantity, marketplace, sales_channel, country, coordinates))
    if as_json:
        show.document(found)
    else:
        _say(found, ZoneInfo(app.settings.schedule.timezone))


def _say(found: dict[str, Any], zone: ZoneInfo) -> None:
    to = ", ".join(place for place in (found["postal_code"], found["coordinates"]) if place)
    show.say(
        show.words(f"{found['sent']} of {found['quantity']} × SKU {found['sku']} to {to} ({found['country']}),")
        + show.words(f" marketplace {found['marketplace']}, sales channel {found['sales_channel']}")
    )
    packed = found["parcel"]
    if packed:
        show.say(f"Parcel: {packed['weight_g']} g, {packed['volume_cm3']:.0f} cm³, goods {packed['goods_cents']} cents")
    if found["sent"] < found["quantity"] and packed:
        show.say("There is less in stock than was asked for: freight is for what is left.")
    for service in found["services"]:
        _service(service, zone)
    for point in found["pickup_points"]:
        _pickup_point(point)
    if not found["services"] and not found["pickup_points"]:
        show.say("No way of delivery is configured: add a [[shipping.slas]] section to the settings.")


def _service(service: dict[str, Any], zone: ZoneInfo) -> None:
    head = show.words(f"{service['id']} ({service['name']}), table {service['table']}")
    if not service["offered"]:
        show.say(f"{head}: not offered: {show.words(service['reason'])}")
        _weight(service)
        for row in service["nearest"]:
            show.say(f"  nearest: {_row(row)}")
        return
    parts = service["parts"]
    show.say(f"{head}: offered at {service['price_cents']} cents, {service['estimate']}")
    show.say(f"  {_row(service['row'])}; {service['reason']}")
    show.say(
        f"  {parts['cost_cents']} cost + {parts['insurance_cents']} insurance + {parts['extra_weight_cents']} extra weight"
        f" = {service['price_cents']} cents"
    )
    _weight(service)
    _calendar(service)
    for window in service["windows"]:
        show.say(f"  window: {_span(window, zone)}, {window['price_cents']} cents more")


def _span(window: dict[str, Any], zone: ZoneInfo) -> str:
    """Write a window as the settings do, in the schedule's zone: 2026-11-25 08:00 to 12:00."""
    start, end = (datetime.fromisoformat(window[name]).astimezone(zone) for name in ("start", "end"))
    return f"{start:%Y-%m-%d %H:%M} to {end:%H:%M} ({zone.key})"


def _weight(service: dict[str, Any]) -> None:
    if service.get("cubic_factor"):
        show.say(f"  weighed at {service['cubic_factor']:g} kg/m³: {service['billed_weight_g']} g count")


def _calendar(way: dict[str, Any]) -> None:
    found = way["calendar"]
    if found:
        show.say(f"  leaves on {found['leaves_on']}" + (f": {found['reason']}" if found["reason"] else ""))


def _pickup_point(point: dict[str, Any]) -> None:
    head = show.words(f"{point['id']} ({point['name']}), pickup point")
    if not point["offered"]:
        show.say(f"{head}: not offered: {show.words(point['reason'])}")
        return
    show.say(f"{head}: offered at {point['price_cents']} cents, {point['estimate']}; {show.words(point['reason'])}")
    _calendar(point)


def _row(row: dict[str, Any]) -> str:
    limit = f", up to {row['max_volume_cm3']} cm³" if row["max_volume_cm3"] else ""
    where = f"{row['file']} line {row['line']}: {row['zip_start']}–{row['zip_end']}"
    return show.words(f"{where}, {row['weight_start_g']}–{row['weight_end_g']} g{limit}")
