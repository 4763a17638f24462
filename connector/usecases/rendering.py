"""An order's file as the ERP would get it, in whatever format: shown, and nothing else."""

from __future__ import annotations

import re

from connector.app import App
from connector.errors import UsageError
from connector.formats import order_files
from connector.storage import orders

FORMATS = re.compile(r"json|csv|[A-Za-z0-9._-]+\.j2")
PAPERS = {"order": order_files.order_file, "dispatch": order_files.dispatch_file, "cancellation": order_files.cancellation_file}


def render(app: App, reference: str, file_format: str = "", paper: str = "order") -> bytes:
    """Return what the file of an order, its dispatch or its cancellation would hold; "" is the format of the settings.

    Raises NotFound, UsageError for a format or paper that is none, SettingsError for a template that cannot be rendered.
    """
    wanted = file_format or app.settings.orders.format
    if not FORMATS.fullmatch(wanted):
        raise UsageError(f"{wanted!r} is no format of order files", remedy="json, csv, or NAME.j2 for a template of config/templates")
    if paper not in PAPERS:
        raise UsageError(f"{paper!r} is no file of an order's", remedy=f"one of {', '.join(PAPERS)}")
    with app.db.read() as tx:
        order = orders.find(tx, reference)
    return PAPERS[paper](order, wanted, app.root / "config" / "templates")[1]
