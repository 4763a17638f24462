"""Does the ERP take its files? A look into the target, once a pass, for those that should be gone by now."""

from __future__ import annotations

from datetime import timedelta

from connector.app import App
from connector.delivery.papers import PAPERS
from connector.errors import ErpUnreachable, HostKeyChanged
from connector.storage import findings


def look(app: App) -> None:
    """Note which files have lain in the target for longer than `pickup_minutes`; an order that the ERP acknowledged was taken.

    A target that cannot be listed changes nothing of what was noted.
    """
    minutes = app.settings.orders.pickup_minutes
    if not minutes:
        return
    before = app.now - timedelta(minutes=minutes)
    with app.db.read() as tx:
        written = {paper.folder: findings.written(tx, kind, before) for kind, paper in PAPERS.items()}
    try:
        lying = {path: order for folder, orders in written.items() if orders for path, order in _lying(app, folder).items()}
    except (ErpUnreachable, HostKeyChanged):
        return
    due = {path: written[path.partition("/")[0]].get(order_id) for path, order_id in lying.items()}
    with app.db.write() as tx:
        findings.note_not_picked_up(tx, {path: at + timedelta(minutes=minutes) for path, at in due.items() if at is not None})


def _lying(app: App, folder: str) -> dict[str, str]:
    """Return the files of a target's folder, and whose they would be: ours are named by the order's id and a suffix."""
    return {file.name: file.name.rpartition("/")[2].partition(".")[0] for file in app.target.listing(folder)}
