"""Orders that the seller cancels; of invoiced ones with the return invoice that has to go first."""

from __future__ import annotations

from collections.abc import Iterator

from connector.feeds import columns as c
from connector.feeds.feed import Feed, Values


def _check(values: Values) -> Iterator[tuple[int, str, str]]:
    returns = zip(values["return_invoice_number"], values["return_issued_at"], strict=True)
    for at, (number, issued_at) in enumerate(returns):
        if number and issued_at is None:
            yield at, "return_issuance_date", "it is empty, but a return_invoice_number is given"
        if issued_at is not None and not number:
            yield at, "return_invoice_number", "it is empty, but a return_issuance_date is given"


CANCELLATIONS = Feed(
    "cancellations",
    key=("order_id",),
    columns=(
        c.key_text("order_id", required=True),
        c.free_text("reason", required=True),
        c.invoice_number("return_invoice_number"),
        c.instant("return_issuance_date", "return_issued_at"),
    ),
    check=_check,
)
