"""How many SKUs anything is untold about: counted kind by kind, and yet each SKU of a marketplace once."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ready_made import migrate
from sqlalchemy import delete, insert

from connector.domain.messages import TELLING_KINDS
from connector.storage import counts
from connector.storage.database import Database
from connector.storage.tables import outbox

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["north", "south"]),
        st.sampled_from([*sorted(TELLING_KINDS), "invoice"]),
        st.sampled_from("ABCDEF"),
        st.sampled_from(["pending", "sending", "delivered", "dead"]),
    ),
    unique=True,
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(MESSAGES)
def test_each_sku_is_counted_once_by_marketplace(tmp_path, messages):
    db = Database(f"sqlite:///{tmp_path}/c.db")
    migrate(db)
    rows = [{"destination": d, "kind": k, "reference": r, "state": s, "due_at": NOW, "put_at": NOW} for d, k, r, s in messages]
    with db.write() as tx:
        tx.execute(delete(outbox))
        if rows:
            tx.execute(insert(outbox), rows)
        found = {place: number for place, number in counts.untold(tx).items() if number}
    db.close()

    open_ones = {(d, r) for d, k, r, s in messages if k in TELLING_KINDS and s in ("pending", "sending")}
    assert found == {place: sum(d == place for d, _ in open_ones) for place in {d for d, _ in open_ones}}
