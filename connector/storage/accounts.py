"""How each marketplace stands: paused by a person, left alone until an instant, called at a rate that it taught us."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from connector.domain.messages import Blocked
from connector.domain.standing import Circuit, Standing
from connector.storage.tables import marketplaces as t
from connector.storage.upsert import insert


def is_paused(tx: Connection, account: str) -> bool:
    """Tell whether a person stopped all calls to a marketplace."""
    return bool(tx.execute(select(t.c.paused).where(t.c.account == account)).scalar())


def standing(tx: Connection, account: str) -> Standing:
    """Return what is remembered of a marketplace; one never spoken to stands well."""
    row = tx.execute(select(t).where(t.c.account == account)).first()
    if row is None:
        return Standing()
    blocked = Blocked(row.blocked_reason or "", row.blocked_until, row.needs_a_person) if row.blocked_until else None
    circuit = Circuit(blocked, row.failures_in_a_row, row.openings_in_a_row)
    return Standing(circuit, row.rate, row.refused_rate, row.refused_at, row.calm_minutes or 0.0)


def know(tx: Connection, account: str) -> None:
    """Make sure that a marketplace has its row."""
    tx.execute(insert(tx, t).values(account=account, paused=False).on_conflict_do_nothing(index_elements=["account"]))


def pause(tx: Connection, account: str, *, paused: bool) -> None:
    """Stop or restart all calls to a marketplace."""
    know(tx, account)
    tx.execute(update(t).where(t.c.account == account).values(paused=paused))


def remember(tx: Connection, account: str, news: Standing) -> None:
    """Write down how a marketplace stands: until when it is left alone, and how fast it is called."""
    circuit, refused = news.circuit, {"refused_rate": news.refused_rate, "refused_at": news.refused_at}
    pace = {"rate": news.rate, **refused, "calm_minutes": news.calm}
    row = {"failures_in_a_row": circuit.failures, "openings_in_a_row": circuit.openings, **_block(circuit.blocked), **pace}
    tx.execute(update(t).where(t.c.account == account).values(row))


def unblock(tx: Connection, account: str) -> None:
    """Let a marketplace be called again, at the rate that it last took."""
    fresh = {"failures_in_a_row": 0, "openings_in_a_row": 0, **_block(None)}
    tx.execute(update(t).where(t.c.account == account).values(fresh))


def _block(blocked: Blocked | None) -> dict[str, Any]:
    if blocked is None:
        return {"blocked_until": None, "blocked_reason": None, "needs_a_person": False}
    return {"blocked_until": blocked.until, "blocked_reason": blocked.reason, "needs_a_person": blocked.needs_a_person}


def count_delivered(tx: Connection, account: str, number: int) -> None:
    """Add to what a marketplace was told: delivered catalog messages leave no row behind."""
    tx.execute(update(t).where(t.c.account == account).values(delivered=t.c.delivered + number))
