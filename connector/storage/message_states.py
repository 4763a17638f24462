"""States of messages, in the words of the outbox's partial indexes: without them SQLite looks through every message there ever was."""

from __future__ import annotations

from sqlalchemy import and_, case, literal_column, or_

from connector.storage.tables import outbox as t

PENDING, DEAD, _SENDING, _PUBLISHING = (t.c.state == literal_column(f"'{state}'") for state in ("pending", "dead", "sending", "publishing"))
IN_HAND = t.c.state.in_([literal_column("'sending'"), literal_column("'publishing'")])
SENDING, PUBLISHING = and_(IN_HAND, _SENDING), and_(IN_HAND, _PUBLISHING)
UNSETTLED = or_(PENDING, IN_HAND)
GIVEN_BACK_BUT_TRIED = case((and_(t.c.order_id.is_not(None), t.c.attempt == 1), 1), else_=t.c.attempt - 1)
"""The attempt given back of what was sent; of an order's document one stays: whether the marketplace has it nobody knows."""
