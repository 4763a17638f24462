"""Keep personal data only as long as the settings ask: of orders that are final, and of refused rows that were healed."""

from __future__ import annotations

from datetime import timedelta

from connector.app import App
from connector.storage import people
from connector.usecases.pseudonyms import overwrite

MOST = 10_000
"""In one pass. The rest follows in the next one."""
PART = 20
"""Orders in one transaction, some hundredths of a second: whoever places one meanwhile waits no longer."""
ROWS_PART = 500
HEALED_DAYS = 90
"""For healed rows, where refused files are kept for ever."""


def outlived_orders(app: App) -> list[str]:
    """Return the orders whose personal data may go: final, and nothing happened to them for `[orders] personal_days`."""
    days = app.settings.orders.personal_days
    if not days:
        return []
    with app.db.read() as tx:
        return people.outlived(tx, app.now - timedelta(days=days), MOST)


def overwrite_outlived(app: App) -> int:
    """Overwrite it, as `erase` does; return in how many orders."""
    found = outlived_orders(app)
    return sum(_overwrite(app, found[start : start + PART]) for start in range(0, len(found), PART))


def _overwrite(app: App, orders: list[str]) -> int:
    days = app.settings.orders.personal_days
    with app.db.write() as tx:
        still = people.outlived(tx, app.now - timedelta(days=days), PART, orders)
        for data in people.of_orders(tx, still):
            overwrite(tx, data, app.now, f"after {days} days")
        return len(still)


def empty_healed_rows(app: App) -> int:
    """Overwrite what refused rows showed that were healed as long ago as refused files are kept; return how many."""
    before = app.now - timedelta(days=app.settings.erp.rejected_days or HEALED_DAYS)
    emptied = 0
    while emptied < MOST:
        with app.db.write() as tx:
            part = people.forget_healed_rows(tx, before, ROWS_PART)
        emptied += part
        if part < ROWS_PART:
            break
    return emptied
