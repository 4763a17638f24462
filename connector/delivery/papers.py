"""What the ERP gets as files: by kind of message, where each lies, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connector.app import App
from connector.domain.messages import Kind, Message
from connector.domain.orders import Order
from connector.formats import order_files
from connector.storage import documents, order_changes, order_story, orders
from connector.usecases import errors_back

Write = Callable[[Order, str, Path], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of file: its folder, how the order's history names it, and how it is written (errors: as they were kept)."""

    folder: str
    name: str
    write: Write | None = None


PAPERS = {
    Kind.ORDER_FILE: Paper("orders", order_story.ORDER_WRITTEN, order_files.order_file),
    Kind.CHANGE_FILE: Paper("changes", "change file written"),
    Kind.DISPATCH_FILE: Paper("dispatches", "dispatch file written", order_files.dispatch_file),
    Kind.CANCELLATION_FILE: Paper("cancellations", "cancellation file written", order_files.cancellation_file),
    Kind.ERRORS_FILE: Paper(errors_back.FOLDER, "errors file written"),
}


def rendered(app: App, message: Message) -> tuple[str, bytes]:
    """Return a file's name below the target, and its content as of now."""
    if message.kind is Kind.ERRORS_FILE:
        return errors_back.rendered(app, message.reference)
    order_id, number = documents.referred(message.reference)
    with app.db.read() as tx:
        order = orders.find(tx, order_id)
        change = order_changes.numbered(tx, order_id, int(number)) if number else None
    how = app.settings.orders.format, app.root / "config" / "templates"
    paper = PAPERS[message.kind]
    if change is not None:
        suffix, content = order_files.change_file(order, change, *how)
        return f"{paper.folder}/{order_id}-{number}{suffix}", content
    assert paper.write is not None
    suffix, content = paper.write(order, *how)
    return f"{paper.folder}/{order_id}{suffix}", content
