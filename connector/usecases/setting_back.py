"""After the clock was set back: what was dated by the clock as it was ahead does not wait until it gets there again."""

from __future__ import annotations

import logging
from contextlib import suppress

from connector.app import App
from connector.errors import Unreachable
from connector.storage import setting_back as store

log = logging.getLogger(__name__)


def bring_back(app: App, *, jumped: bool) -> int:
    """Bring messages back to now whose time has not come yet; return how many.

    Where the clock was seen to jump, marketplaces that are left alone for a while are tried, too. With no database nothing is done.
    """
    count = 0
    with suppress(Unreachable), app.db.write() as tx:
        count = store.bring_back_messages(tx, app.now)
        if jumped:
            store.bring_back_blocks(tx, app.now)
    if count:
        log.warning("the clock was ahead: %d messages dated by it are due now", count, extra={"action": "clock-set-back"})
    return count
