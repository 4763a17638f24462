"""What orders ought to be: a model of one order that fits on a page, without a database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.domain.orders import OrderState

PRICE, FREIGHT = 1000, 500
LOCKED = timedelta(days=8)
HELD_AFTER_A_CHANGE = HELD_ANEW = timedelta(days=2)
AT_ONCE = timedelta(seconds=1)
ENDED = (OrderState.CANCELED, OrderState.EXPIRED)
CHANGEABLE = (OrderState.PLACED, OrderState.AUTHORIZED)


@dataclass
class Held:
    """What an order holds of one SKU."""

    quantity: int
    until: datetime
    acked_at: datetime | None = None


@dataclass
class Line:
    quantity: int
    freight: int = FREIGHT


@dataclass
class Modelled:
    """What the model knows of one order. `lines` by SKU; an order with a SKU on two lines is kept as they came in `twice`."""

    document: dict
    answer: bytes
    id: str
    placed_at: datetime
    wanted: list[tuple[str, int]]
    state: OrderState = OrderState.PLACED
    lines: dict[str, Line] = field(default_factory=dict)
    holds: dict[str, Held] = field(default_factory=dict)
    ran_out: dict[str, int] = field(default_factory=dict)
    acked_at: datetime | None = None
    receipt: dict | None = None
    canceled: dict | None = None
    is_dispatched: bool = False
    has_invoice: bool = False
    changes: int = 0
    changed_at: datetime | None = None
    written_at: datetime | None = None
    change_written_at: datetime | None = None
    acked_before: set[int] = field(default_factory=set)
    cancellations: int = 0

    def __post_init__(self):
        for sku, quantity in self.wanted:
            self.lines.setdefault(sku, Line(0)).quantity += quantity
            self.holds.setdefault(sku, Held(0, self.placed_at + LOCKED)).quantity += quantity

    @property
    def is_doubled(self):
        return len({sku for sku, _ in self.wanted}) < len(self.wanted)

    @property
    def total(self):
        if self.is_doubled:
            return sum(PRICE * quantity + FREIGHT for _, quantity in self.wanted)
        return sum(PRICE * line.quantity + line.freight for line in self.lines.values())

    @property
    def may_change(self):
        return self.state in CHANGEABLE and not self.has_invoice and not self.is_doubled

    def holding(self, sku, now):
        held = self.holds.get(sku)
        return held.quantity if held and held.until > now else 0

    def end(self, state):
        """End it; a placed or waiting cancellation of an order that the ERP got is one file, however often it is said."""
        self.state, self.holds = state, {}

    def export(self, now):
        """Have its files written: what ended first is not shipped."""
        self.written_at = self.written_at or now
        self.change_written_at = self.change_written_at or (now if self.changes else None)
        self.is_dispatched |= self.receipt is not None and self.state not in ENDED

    def authorize(self, now):
        """Move it on; what ran out is held anew, unless the ERP has acknowledged or invoiced it."""
        self.forget_ended(now)
        if self.state is OrderState.PLACED:
            if self.acked_at is None and not self.has_invoice:
                self._hold_anew(now + HELD_ANEW)
            self.state = OrderState.INVOICED if self.has_invoice else OrderState.AUTHORIZED

    def _hold_anew(self, until):
        for sku, quantity in self.ran_out.items():
            if sku in self.lines:
                self.holds[sku] = Held(min(quantity, self.lines[sku].quantity), until)
        self.ran_out = {}

    def invoice(self):
        self.has_invoice = True
        if self.state in (OrderState.AUTHORIZED, OrderState.CANCEL_ASKED):
            self.state = OrderState.INVOICED

    def acknowledge(self, at):
        """Take an ack of that time; one before the ERP knew of the newest change is of what the order was. Tells whether it is news."""
        if self.acked_at is not None or self.is_of_before(at):
            is_news = self.acked_at is None and self.changes not in self.acked_before
            self.acked_before.add(self.changes)
            return is_news
        self.acked_at, self.ran_out = at, {}
        for held in self.holds.values():
            held.acked_at = at
        return True

    def is_of_before(self, at):
        """Tell whether an ack of that time is of what the order was before its newest change: nobody answers a file that he never read."""
        if self.changed_at is None or (self.written_at and self.written_at > self.changed_at + AT_ONCE):
            return False
        return self.change_written_at is None or at <= self.change_written_at

    def count_in_stock(self, modified_at):
        """Let go what a stock file of that time counts already; returns the SKUs."""
        counted = [sku for sku, held in self.holds.items() if held.acked_at and held.acked_at < modified_at]
        for sku in counted:
            del self.holds[sku]
        return counted

    def forget_ended(self, now):
        self.ran_out |= {sku: held.quantity for sku, held in self.holds.items() if held.until <= now and not held.acked_at}
        self.holds = {sku: held for sku, held in self.holds.items() if held.until > now}

    def less(self, sku, now):
        """Take one piece off."""
        self.forget_ended(now)
        line = self.lines[sku]
        line.quantity -= 1
        if not line.quantity:
            del self.lines[sku]
        held = self.holds.get(sku)
        if held:
            held.quantity -= 1
            if not held.quantity:
                del self.holds[sku]
        self._changed(now)

    def more(self, sku, now, left):
        """Add one piece; what ran out of its SKU is held anew with it, as far as it is there."""
        self.forget_ended(now)
        again = min(self.ran_out.get(sku, 0), self.lines[sku].quantity, left - 1) if sku in self.lines else 0
        self.lines.setdefault(sku, Line(0, freight=0)).quantity += 1
        self.ran_out.pop(sku, None)
        held = self.holds.setdefault(sku, Held(0, now))
        held.quantity += 1 + again
        held.until, held.acked_at = max(held.until, now + HELD_AFTER_A_CHANGE), None
        self._changed(now)

    def _changed(self, now):
        self.changes += 1
        self.acked_at, self.changed_at, self.change_written_at = None, now, None
