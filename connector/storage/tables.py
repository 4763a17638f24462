"""The data model on one page: every table, index and constraint.

Money is integer cents, weights grams, lengths cm, instants aware UTC. Names of kinds and states are chosen once. A partial index is partial
on PostgreSQL too, as the migrations make it: to say so here would load that dialect with all its drivers into every process.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite, which knows no zones, holds it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _identity() -> Column[int]:
    """A growing number; INTEGER on SQLite, where only that is the row id."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


# ── the snapshot: what we hold to be true of the ERP now ────────────────────────────────────────────────────────────────
products = Table(
    "products",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("product_id", Text, nullable=False),
    Column("product_name", Text, nullable=False),
    Column("sku_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("ean", Text, nullable=False),
    Column("ref_id", Text, nullable=False),
    Column("height_cm", Float, nullable=False),
    Column("width_cm", Float, nullable=False),
    Column("length_cm", Float, nullable=False),
    Column("weight_g", BigInteger, nullable=False),
    Column("measurement_unit", Text, nullable=False),
    Column("unit_multiplier", Float, nullable=False),
    Column("images", Text, nullable=False),  # JSON: [[name, url], …]
    Column("product_specs", Text, nullable=False),  # JSON: {name: value}, keys sorted
    Column("sku_specs", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Index(  # all that an offer says of a product: carts never look into the wide rows
        "products_on_offer",
        *("sku", "active", "weight_g", "height_cm", "width_cm", "length_cm", "measurement_unit", "unit_multiplier", "category"),
    ),
    Index("products_by_ean", "ean", "sku", sqlite_where=text("ean <> ''")),
)

prices = Table(
    "prices",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("marketplace", Text, primary_key=True),  # "" = every one
    Column("sales_channel", Text, primary_key=True),  # "" = every one
    Column("price_cents", BigInteger, nullable=False),
    Column("list_price_cents", BigInteger, nullable=False),
    Column("valid_until", Instant),
    Index("prices_by_end", "valid_until", sqlite_where=text("valid_until IS NOT NULL")),
    sqlite_with_rowid=False,  # found by its key in one tree, and not in two
)

former_prices = Table(  # the last price of what the prices name no more: one that comes back is compared with it
    "former_prices",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("marketplace", Text, primary_key=True),
    Column("sales_channel", Text, primary_key=True),
    Column("price_cents", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

stock = Table(
    "stock",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("warehouse", Text, primary_key=True),  # "" = the only one; summed per SKU
    Column("quantity", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

freight = Table(
    "freight",
    metadata,
    Column("file", Text, primary_key=True),  # the file's path below the source ("freight/normal.csv"): each name is full by itself
    Column("line", Integer, primary_key=True),
    Column("zip_start", Text, nullable=False),
    Column("zip_end", Text, nullable=False),
    Column("polygon", Text, nullable=False),
    Column("weight_start_g", BigInteger, nullable=False),
    Column("weight_end_g", BigInteger, nullable=False),
    Column("cost_cents", BigInteger, nullable=False),
    Column("price_percent", Text, nullable=False),  # decimal text: 0.5 is half a per cent of the goods' price
    Column("price_by_extra_weight_cents", Text, nullable=False),  # decimal text: cents per gram above weight_start_g
    Column("max_volume_cm3", BigInteger, nullable=False),  # 0 = no limit
    Column("time_cost_seconds", BigInteger, nullable=False),
    Column("country", Text, nullable=False),
    Column("minimum_insurance_cents", BigInteger, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


# ── large changes of the snapshot, on their way (storage/generations.py) ─────────────────────────────────────────────────
def _coming(known: Table) -> Table:
    """Make the table of a feed's rows that are not at home yet: the snapshot's columns, and what becomes of each row."""
    return Table(
        f"coming_{known.name}",
        metadata,
        Column("generation", BigInteger, primary_key=True, autoincrement=False),
        *(Column(c.name, c.type, primary_key=True) for c in known.primary_key.columns),
        Column("action", Text, nullable=False),  # added, changed, removed
        Column("mask", BigInteger, nullable=False),  # a bit for each column besides the key that changes, the first one's is 1
        *(Column(c.name, c.type) for c in known.columns if not c.primary_key),
        sqlite_with_rowid=False,
    )


coming_products, coming_prices, coming_stock, coming_services = map(_coming, (products, prices, stock, services))

generations = Table(
    "generations",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("newest", BigInteger, nullable=False),  # whose rows are being laid down, or were last
    Column("shown", BigInteger),  # whose rows count before the snapshot's own, until they are at home; NULL where there are none
)

# ── files from the ERP ──────────────────────────────────────────────────────────────────────────────────────────────────
files = Table(
    "files",
    metadata,
    _identity(),
    Column("feed", Text, nullable=False),
    Column("name", Text, nullable=False),  # path below the source
    Column("size", BigInteger, nullable=False),
    Column("modified_at", Instant, nullable=False),  # by the source's clock
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),  # applied, refused, held, superseded, discarded
    Column("taken_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("moved_at", Instant),  # when the file left the source; NULL: a crash came between, the next pass moves it
    Column("rows_read", BigInteger, nullable=False, server_default="0"),
    Column("rows_refused", BigInteger, nullable=False, server_default="0"),
    Column("plan", JSON),  # counts by action and field, notes, reasons
    Column("place", Text),  # where it lies now, below the project directory
    CheckConstraint("state IN ('applied', 'refused', 'held', 'superseded', 'discarded')", name="files_state"),
    Index("files_by_feed", "feed", "id"),
    Index("files_by_state", "state", "id"),
    Index("files_by_feed_and_state", "feed", "state", "id"),
    Index("files_not_moved", "name", sqlite_where=text("moved_at IS NULL")),
)

looks = Table(  # what was seen in the source and not yet taken: a file is settled when two looks of ours agree
    "looks",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # by our clock, since when size and time are these
)

rejections = Table(
    "rejections",
    metadata,
    _identity(),
    Column("file_id", ForeignKey("files.id"), nullable=False),
    Column("feed", Text, nullable=False),
    Column("key", Text, nullable=False),  # the row's key as the feed writes it; "" where it could not be read
    Column("line", Integer, nullable=False),
    Column("column", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("record", JSON),  # the row as read, for documents that can be taken again
    Column("refused_at", Instant, nullable=False),
    Column("healed_at", Instant),  # when a good row with this key passed, or a person discarded it
    Index("rejections_open", "feed", "key", sqlite_where=text("healed_at IS NULL")),
    Index("rejections_by_file", "file_id"),
    Index("rejections_open_by_id", "id", sqlite_where=text("healed_at IS NULL")),
    Index("rejections_healed", "healed_at", sqlite_where=text("healed_at IS NOT NULL AND value <> '***'")),
)

holds = Table(
    "holds",
    metadata,
    _identity(),
    Column("what", Text, nullable=False),  # file or row
    Column("feed", Text, nullable=False),
    Column("file_id", ForeignKey("files.id"), nullable=False),
    Column("key", Text, nullable=False),  # "" for a file
    Column("row", JSON),  # the staged values of a held row
    Column("reasons", JSON, nullable=False),
    Column("state", Text, nullable=False),  # held, approved, discarded, superseded
    Column("held_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", Text),
    Column("ended_at", Instant),  # since when the decision on a row counts no longer
    CheckConstraint("state IN ('held', 'approved', 'discarded', 'superseded')", name="holds_state"),
    Index("holds_open", "feed", "key", sqlite_where=text("state = 'held'")),
)

# ── what each marketplace was told, and what is to be delivered ─────────────────────────────────────────────────────────
listings = Table(
    "listings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("state", Text, nullable=False),  # unknown, withheld, suggested, denied, accepted, known
    Column("suggestion_hash", Text),
    Column("suggested_at", Instant),
    Column("told_at", Instant),
    Column("look_again_at", Instant),  # when the status of a suggestion is asked for once more
    Column("note", Text),
    Column("remedy", Text),  # what to do about the note
    Column("looked_at", Instant),  # when the marketplace last said what became of the suggestion
    Column("word", Text),  # the status, in its own word
    Column("denied_at", Instant),
    Column("denials", Integer, nullable=False, server_default="0"),  # of this very suggestion
    CheckConstraint("state IN ('unknown', 'withheld', 'suggested', 'denied', 'accepted', 'known')", name="listings_state"),
    Index("listings_to_look_at", "account", "look_again_at"),
    Index("listings_by_state", "account", "state", "sku"),
    Index(
        "listings_suggested",
        "account",
        "suggested_at",
        sqlite_where=text("suggested_at IS NOT NULL"),
    ),
)

outbox = Table(
    "outbox",
    metadata,
    _identity(),
    Column("destination", Text, nullable=False),  # a marketplace's account, or "erp"
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("order_id", Text),  # whose documents: messages about one order go one at a time
    Column("state", Text, nullable=False, server_default="pending"),
    Column("due_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("attempted_at", Instant),
    Column("lease", Text),
    Column("lease_until", Instant),
    Column("partial", JSON),  # state publishing: {"name", "folder_id", "final"} of the temporary file that is its commit record
    Column("reason", Text),  # why it waits or died
    Column("put_at", Instant, nullable=False),
    Column("settled_at", Instant),
    CheckConstraint("state IN ('pending', 'sending', 'publishing', 'delivered', 'superseded', 'dead', 'discarded')", name="outbox_state"),
    Index(
        "outbox_one_pending",
        "destination",
        "kind",
        "reference",
        unique=True,
        sqlite_where=text("state = 'pending'"),
    ),
    Index("outbox_due", "destination", "kind", "due_at", "id", sqlite_where=text("state = 'pending'")),
    Index(
        "outbox_in_hand",
        "state",
        sqlite_where=text("state IN ('sending', 'publishing')"),
    ),
    Index("outbox_dead", "id", sqlite_where=text("state = 'dead'")),
    Index("outbox_by_reference", "reference"),
    Index("outbox_by_order", "order_id", sqlite_where=text("order_id IS NOT NULL")),
)

marketplaces = Table(
    "marketplaces",
    metadata,
    Column("account", Text, primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("blocked_until", Instant),
    Column("blocked_reason", Text),
    Column("needs_a_person", Boolean, nullable=False, server_default=text("false")),
    Column("failures_in_a_row", Integer, nullable=False, server_default="0"),
    Column("openings_in_a_row", Integer, nullable=False, server_default="0"),  # of the circuit, since it last answered
    Column("rate", Float),  # calls a minute, as its answers allow; NULL: never called
    Column("refused_rate", Float),  # the rate that it last found too fast
    Column("refused_at", Instant),
    Column("calm_minutes", Float),  # of answers since then, up to one
    Column("delivered", BigInteger, nullable=False, server_default="0"),  # catalog messages: they leave no row behind
    Column("prices_expired_to", Instant),  # up to when ends of price validity were told
)

# ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
orders = Table(
    "orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("marketplace_order_id", Text, nullable=False),
    Column("sales_channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("services_endpoint", Text, nullable=False),  # as sent; "" = none
    Column("payment_cents", BigInteger),
    Column("total_cents", BigInteger, nullable=False),
    Column("document", Text, nullable=False),  # CPF or CNPJ, digits and letters only; for `erase`
    Column("client", JSON, nullable=False),
    Column("address", JSON, nullable=False),
    Column("raw", LargeBinary, nullable=False),  # what VTEX sent, its bytes
    Column("answer", LargeBinary, nullable=False),  # what we answered; given again on repetition
    Column("flags", JSON, nullable=False),
    Column("authorized_at", Instant),
    Column("receipt", Text),
    Column("payments", JSON),
    Column("cancel_receipt", Text),
    Column("cancel_request", JSON),
    Column("canceled_at", Instant),
    Column("erp_order_id", Text),
    Column("acked_at", Instant),  # the ack file's own time
    Column("extras", JSON),  # note, custom_data; NULL before there were any
    Column("erased_at", Instant),  # when its personal data was overwritten; NULL for an open order, about which more may be written
    UniqueConstraint("account", "marketplace_order_id", name="orders_once"),
    Index("orders_by_marketplace_id", "marketplace_order_id"),
    Index("orders_by_state", "state", "placed_at"),
    Index("orders_by_time", "placed_at", "order_id"),
    Index("orders_by_erp_id", "erp_order_id", sqlite_where=text("erp_order_id IS NOT NULL")),
    Index("orders_by_document", "document"),
    Index(  # final ones that still hold personal data
        "orders_personal",
        "placed_at",
        sqlite_where=text("erased_at IS NULL AND state NOT IN ('placed', 'authorized', 'cancel-asked')"),
    ),
)

order_items = Table(
    "order_items",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("sla", Text, nullable=False),
    Column("freight_cents", BigInteger, nullable=False),
    Column(
        "detail", JSON, nullable=False
    ),  # services, unit_multiplier, tags_cents, is_gift, estimate, lock_ttl, delivery_window, channel …
    Index("order_items_by_sku", "sku"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
    Column("acked_at", Instant),  # the ack file's time: a stock file newer than it ends the reservation
    Column("released_at", Instant),
    Column("release_reason", Text),
    # with all that a sum of what is open asks for: of a SKU that sells well there are thousands
    Index("reservations_open", "sku", "released_at", "until", "quantity", sqlite_where=text("released_at IS NULL")),
)

order_events = Table(
    "order_events",
    metadata,
    _identity(),
    Column("order_id", ForeignKey("orders.order_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("order_events_by_order", "order_id", "id"),
    Index(
        "order_events_rejected",
        "at",
        sqlite_where=text("what = 'rejected by the ERP'"),
    ),
)

order_changes = Table(
    "order_changes",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("request_id", Text, primary_key=True),  # VTEX's own
    Column("content_hash", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),  # what VTEX sent
    Column("asked_at", Instant, nullable=False),
    Column("number", Integer),  # from 1, in the order in which they were applied; NULL until then
    Column("applied_at", Instant),
    Column("result", JSON),  # what was taken off and added, and the order's lines and totals since
    UniqueConstraint("order_id", "number", name="order_changes_numbered"),
)

documents = Table(
    "documents",
    metadata,
    _identity(),
    Column("order_id", ForeignKey("orders.order_id"), nullable=False),
    Column("kind", Text, nullable=False),  # invoice, tracking, delivery, cancel
    Column("number", Text, nullable=False),  # the invoice's number; "" for a cancellation
    Column("key", Text, nullable=False),  # what makes a repeat harmless: number and type, or a hash of what it says
    Column("content", JSON, nullable=False),
    Column("state", Text, nullable=False),  # waiting (for authorization or its invoice), pending, reported, given-up
    Column("reason", Text),
    Column("file_id", ForeignKey("files.id")),
    Column("taken_at", Instant, nullable=False),
    Column("reported_at", Instant),
    Column("receipt", Text),
    UniqueConstraint("order_id", "kind", "key", name="documents_once"),
    CheckConstraint("state IN ('waiting', 'pending', 'reported', 'given-up')", name="documents_state"),
)

# ── the work itself ─────────────────────────────────────────────────────────────────────────────────────────────────────
leases = Table(  # who does a job, where several machines share the database; times by the database's clock
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),  # for people; "" = free
    Column("process", Text, nullable=False),  # that very process: boot, container, number, start
    Column("fence", BigInteger, nullable=False),  # grows with each holder; looked at before every commit
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
)

job_runs = Table(
    "job_runs",
    metadata,
    _identity(),
    Column("job", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("exit_status", Integer),
    Column("report", JSON),
    Index("job_runs_by_job", "job", "id"),
)

hourly = Table(  # what the jobs counted, by the hour: for the console's curves
    "hourly",
    metadata,
    Column("hour", Instant, primary_key=True),  # its beginning
    Column("job", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # a count of the job's report
    Column("count", BigInteger, nullable=False),
)

acts = Table(  # what people did, and what they asked the daemon to do
    "acts",
    metadata,
    _identity(),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("via", Text, nullable=False),  # console or cli
    Column("what", Text, nullable=False),
    Column("about", Text, nullable=False),  # an order, a file's number, a job, a marketplace; never a person's data
    Column("state", Text, nullable=False),  # asked, taken, done, failed
    Column("outcome", Text, nullable=False, server_default=""),
    Column("ended_at", Instant),
    CheckConstraint("state IN ('asked', 'taken', 'done', 'failed')", name="acts_state"),
    Index("acts_open", "state", sqlite_where=text("state IN ('asked', 'taken')")),
    Index("acts_by_about", "about", "id"),
)

alarms = Table(  # those that are on; one that is over leaves no row
    "alarms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # a feed, a freight file, a marketplace, erp, orders
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # when it was found last
    Column("count", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("remedy", Text, nullable=False),
)

alarm_notices = Table(  # what each channel was told of alarms that are on, or over without its knowing
    "alarm_notices",
    metadata,
    Column("channel", Text, primary_key=True),  # webhook, email
    Column("name", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("off_at", Instant),  # since when it is off; NULL while it is on
    Column("count", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("remedy", Text, nullable=False),
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("name", Text, primary_key=True),  # e.g. "freight-version", "snapshot-version:stock", "not-picked-up"
    Column("value", Text, nullable=False),
)
