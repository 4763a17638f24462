"""Couriers of documents: invoices, tracking, deliveries, cancellations, agreements; rendered from what is known when they are sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from connector.app import App
from connector.delivery import passes
from connector.delivery.courier import Courier, Result
from connector.delivery.sending import send
from connector.domain.documents import Delivery, Document, DocumentKind, DocumentState, Invoice, Tracking
from connector.domain.invoicing import misfit
from connector.domain.messages import DOCUMENT_KINDS, Delivered, GiveUp, Kind, Message
from connector.domain.orders import Order
from connector.settings import MarketplaceSettings
from connector.storage import documents as store
from connector.storage import order_story, orders
from connector.usecases import left
from connector.usecases.invoicing import ENDED, ledger
from connector.usecases.passes import Pass
from connector.usecases.report import Report
from connector.usecases.returning import follow
from connector.vtex import calls
from connector.vtex.calls import OrderAddress, Request
from connector.vtex.changes import ACKNOWLEDGMENT, CONFIRMATION
from connector.vtex.line import Line

JOB = "report-documents"
NOTHING = Result(Delivered(note="told already"))
OVERTAKEN = "a newer one was reported"


def tell(app: App, how: Pass) -> Report:
    """Deliver the documents' messages to every marketplace at once; what waits for one that left the settings is said."""

    def one(m: MarketplaceSettings, report: Report) -> None:
        passes.tell(app, m, DocumentCouriers(app, app.line(m), how.stop).table(), how, report)

    report = passes.everywhere(app, JOB, one)
    left.settle(app, report)
    return report


def preview(app: App) -> Report:
    """Say what would be told; nothing is sent."""
    report = Report(JOB, dry_run=True)
    for m in app.marketplaces:
        passes.preview(app, m, DOCUMENT_KINDS, report)
    return report


@dataclass(frozen=True, slots=True)
class Case:
    """An order, its documents, and those of them that a message is about."""

    order: Order
    documents: list[Document]
    number: str

    def pending(self, kind: DocumentKind) -> list[Document]:
        """Return what is to be told; where there is nothing, what was given up: a person replayed its message."""
        mine = [d for d in self.documents if (d.kind, d.number) == (kind, self.number)]
        waiting = [d for d in mine if d.state == DocumentState.PENDING]
        return waiting or [d for d in mine if d.state == DocumentState.GIVEN_UP]

    @property
    def invoice(self) -> Invoice | None:
        return next((d.content for d in self.documents if d.number == self.number and isinstance(d.content, Invoice)), None)

    def misfit(self, told: Document) -> str:
        """Say why an invoice cannot be told any more: another took its place, or sales that it takes back were given up."""
        is_sure = told.counts and isinstance(told.content, Invoice) and told.content.type == "Output"
        if is_sure or not isinstance(told.content, Invoice) or self.order.state in ENDED:
            return ""
        return misfit(told.content, ledger(self.order, self.documents, besides=self.number))

    @property
    def address(self) -> OrderAddress:
        return OrderAddress(self.order.marketplace_order_id, self.order.services_endpoint)


@dataclass(frozen=True, slots=True)
class DocumentCouriers:
    """The document kinds of one marketplace."""

    app: App
    line: Line
    stop: Event

    def table(self) -> dict[Kind, Courier]:
        """Return a courier for each kind, the most urgent first."""
        return {
            Kind.CANCEL: self.cancel,
            Kind.CHANGE_ACKNOWLEDGED: self.agreement,
            Kind.CHANGE_CONFIRMED: self.agreement,
            Kind.INVOICE: self.invoice,
            Kind.TRACKING: self.tracking,
            Kind.DELIVERY: self.delivery,
        }

    @property
    def m(self) -> MarketplaceSettings:
        return self.line.marketplace

    def invoice(self, message: Message) -> Result:
        """Report an invoice; sent again with the same number and body, where the answer to it was lost."""
        case = self._case(message)
        told = case.pending(DocumentKind.INVOICE)
        if not told or case.invoice is None:
            return NOTHING
        if reason := case.misfit(told[0]):
            return Result(GiveUp(reason), on_buried=self._buried(message, case, told, is_free=_was_never_sent(message, told)))
        return self._send(message, case, calls.invoice(self.m, case.address, case.invoice), told)

    def tracking(self, message: Message) -> Result:
        """Report an invoice's newest tracking; those that it overtook are not sent any more."""
        case = self._case(message)
        told, newest, invoice = case.pending(DocumentKind.TRACKING), _newest(case), case.invoice
        if newest is None or invoice is None or newest not in told or not isinstance(newest.content, Tracking):
            return _laid_aside([d.id for d in told], OVERTAKEN)
        overtaken = [d.id for d in told if d is not newest and d.counts]
        zone = ZoneInfo(self.app.settings.schedule.timezone)
        request = calls.tracking(self.m, case.address, invoice, newest.content, zone)
        return self._send(message, case, request, [newest], overtaken)

    def delivery(self, message: Message) -> Result:
        """Report the carrier's events of one invoice that were not told yet, all in one call."""
        case = self._case(message)
        told = case.pending(DocumentKind.DELIVERY)
        if not told:
            return NOTHING
        return self._send(message, case, calls.delivery(self.m, case.address, _together(case, told)), told)

    def cancel(self, message: Message) -> Result:
        """Cancel an order at the marketplace, or confirm the cancellation that it asked for."""
        case = self._case(message)
        told = [d for d in case.documents if d.kind == DocumentKind.CANCEL]
        return self._send(message, case, calls.cancel(self.m, case.address, case.order.cancel_reason), told)

    def agreement(self, message: Message) -> Result:
        """Agree to a change of an order: that it was taken, or that it was applied."""
        case = self._case(message)
        kind = ACKNOWLEDGMENT if message.kind is Kind.CHANGE_ACKNOWLEDGED else CONFIRMATION
        return self._send(message, case, calls.agreement(self.m, case.address, case.number, kind), ())

    def _case(self, message: Message) -> Case:
        order_id, number = store.referred(message.reference)
        with self.app.db.read() as tx:
            return Case(orders.find(tx, order_id), store.of_order(tx, order_id), number)

    def _send(self, message: Message, case: Case, request: Request, told: Sequence[Document], overtaken: Sequence[int] = ()) -> Result:
        """Send what was rendered; its outcome is written into the documents and the order's story."""
        if case.order.state in ENDED and message.kind is not Kind.CANCEL:
            return _laid_aside([*(d.id for d in told), *overtaken], f"the order is {case.order.state}")
        outcome, answered = send(self.app, self.line, message.kind, request, self.stop)
        receipt = outcome.receipt if isinstance(outcome, Delivered) else None

        def delivered(tx: Connection) -> None:
            store.set_state(tx, overtaken, DocumentState.GIVEN_UP, OVERTAKEN)
            store.reported(tx, [d.id for d in told], receipt, self.app.now)
            order_story.event(tx, case.order.order_id, self.app.now, f"{message.kind} reported", _in_words(message, case, receipt))
            follow(tx, self.app, case.order.order_id, self.app.now)

        is_free = isinstance(outcome, GiveUp) and _was_never_sent(message, told)
        buried = self._buried(message, case, told, overtaken, is_free=is_free)
        return Result(outcome, delivered, buried, answered)

    def _buried(
        self, message: Message, case: Case, told: Sequence[Document], overtaken: Sequence[int] = (), *, is_free: bool
    ) -> Callable[[Connection, str], None]:
        """Give up what was to be told; what waited for it goes on only where the marketplace surely has it not."""

        def record(tx: Connection, reason: str) -> None:
            store.set_state(tx, overtaken, DocumentState.GIVEN_UP, OVERTAKEN)  # else a replay would find these alone to wait
            store.set_state(tx, [d.id for d in told], DocumentState.GIVEN_UP, reason)
            order_story.given_up(tx, case.order.order_id, message.kind, case.number, reason, now=self.app.now)
            if is_free:
                follow(tx, self.app, case.order.order_id, self.app.now)

        return record


def _was_never_sent(message: Message, told: Sequence[Document]) -> bool:
    """Tell whether no earlier attempt can have reached the marketplace: one whose answer was lost may have."""
    return message.attempt == 1 and all(document.counts for document in told)


def _in_words(message: Message, case: Case, receipt: str | None) -> str:
    parts = [order_story.about(message.kind, case.number), f"receipt {receipt}" if receipt else ""]
    return ", ".join(part for part in parts if part)


def _newest(case: Case) -> Document | None:
    return next((d for d in reversed(case.documents) if d.kind == DocumentKind.TRACKING and d.number == case.number), None)


def _laid_aside(ids: Sequence[int], reason: str) -> Result:
    """Send nothing, and say why in the documents."""
    return Result(Delivered(note=reason), lambda tx: store.set_state(tx, ids, DocumentState.GIVEN_UP, reason))


def _together(case: Case, told: Sequence[Document]) -> Delivery:
    """Make one delivery of several. What was delivered once stays so: a late event of the road does not take it back."""
    all_of_it = [d.content for d in case.documents if d.number == case.number and isinstance(d.content, Delivery)]
    delivered_at = [content.delivered_at for content in all_of_it if content.is_delivered and content.delivered_at]
    events = [event for d in told if isinstance(d.content, Delivery) for event in d.content.events]
    is_delivered = any(content.is_delivered for content in all_of_it)
    return Delivery(case.number, is_delivered, max(delivered_at, default=None), tuple(sorted(events, key=lambda event: event.on)))
