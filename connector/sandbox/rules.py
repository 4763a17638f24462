"""What a seller must hold to: one rule a line, with where it stands. The sandbox checks each call and each answer against them.

Sources: "guide" is VTEX's integration guide for sellers outside VTEX (2017), "reference" its published API reference, "practice" what
its developer guides and help pages say, KI-n its list of known issues.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    source: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one call or answer breaks, and what was found instead."""

    rule: str
    found: str


_CALLS = (
    Rule("address", "reference", "A call goes to an address and by a method that VTEX has."),
    Rule("json-headers", "reference", "Every call says Accept and Content-Type: application/json, with an empty body too."),
    Rule("credentials", "reference", "Every call carries X-VTEX-API-AppKey and X-VTEX-API-AppToken."),
    Rule("wait-after-429", "RFC 6585", "After a 429 the account is left alone until its Retry-After is over; one probe is forgiven."),
    Rule("seller-id", "practice", "The seller id is written as the marketplace issued it, capitals included."),
    Rule("notification-empty", "reference", "A notification has no body: the marketplace asks for price and stock itself."),
    Rule(
        "one-id-notification", "practice", "A notification names seller and SKU; the form with one id takes the marketplace's own SKU id."
    ),
    Rule("suggestion-data", "practice", "A suggestion holds what the matcher demands (its codes 3 to 12)."),
    Rule("suggestion-name", "reference", "A product's name has at most 150 characters."),
    Rule("suggestion-types", "reference", "ProductId is a text (the 2017 guide: a number), specifications are lists of names with values."),
    Rule("suggestion-seller", "practice", "SellerId is the seller's own id (null in the 2017 guide)."),
    Rule("suggestion-weight", "reference", "The weight is given once: Weight in grams, or WeightKg in kilograms (2017)."),
    Rule("suggestion-again", "practice", "A waiting suggestion is not sent again unchanged before its 30 days are over."),
    Rule("order-address", "practice", "Order calls name the marketplace's order id, never the seller's own."),
    Rule("one-at-a-time", "KI-1400005", "Two calls about one order never run at the same time."),
    Rule("invoice-data", "reference", "An invoice has type, number, date and time, a value in whole cents over 0, and items."),
    Rule(
        "invoice-number", "KI-953285", "An invoice number holds letters, digits, point, hyphen and underscore: others can never be tracked."
    ),
    Rule("invoice-lines", "KI-1198829", "An invoice has one line a SKU: two block refunds later."),
    Rule("invoice-items", "KI-547053", "An invoice lists SKUs of its order, and no more of them than ordered."),
    Rule("invoice-sum", "guide", "The sales invoices of an order add up to its total, to the cent, and never to more."),
    Rule("invoice-early", "practice", "An order is invoiced only after the marketplace authorized its dispatch."),
    Rule("invoice-canceled", "practice", "A canceled order is not invoiced."),
    Rule("invoice-key", "reference", "invoiceKey is the NF-e's key: 44 digits, or letters in its CNPJ."),
    Rule("return-early", "practice", "A return is reported only after the whole order was invoiced: else nothing is refunded."),
    Rule("return-sum", "practice", "Returns of an order never add up to more than its sales invoices."),
    Rule("return-number", "practice", "A return has a number of its own, other than the sale's."),
    Rule("tracking-data", "reference", "Tracking names courier, trackingNumber, trackingUrl and dispatchedDate."),
    Rule("tracking-early", "reference", "Tracking and delivery follow the invoice that they belong to."),
    Rule("delivery-data", "reference", "A delivery says isDelivered and lists events with dates as yyyy-mm-dd."),
    Rule("cancel-reason", "reference", "A cancellation gives its reason."),
    Rule("cancel-invoiced", "reference", "An order with an invoice is canceled only after a return of the whole value."),
    Rule("agreement-type", "reference", "An agreement to a change is an Acknowledgment or a Confirmation."),
    Rule("published", "reference", "A document follows the schema that VTEX publishes."),
)

_ANSWERS = (
    Rule("answer-time", "practice", "A simulation is answered within 2.5 seconds: later, the SKU is unavailable."),
    Rule("answer-status", "reference", "A well-formed simulation is answered with 200, whatever is in the cart."),
    Rule("answer-json", "reference", "Every answer is JSON."),
    Rule("error-shape", "practice", "A refusal is error.code, error.message and error.exception, with x-vtex-error-code and -message."),
    Rule("cart-keys", "reference", "A simulation's answer has every field that the reference demands, of its type."),
    Rule(
        "cart-position", "guide", "requestIndex and itemIndex are positions in the request, each named once, item and delivery row alike."
    ),
    Rule("cart-echo", "guide", "SKU, seller, country and postal code come back as they were sent."),
    Rule("cart-price", "guide", "Prices are whole cents over 0, and the list price is not below the price."),
    Rule("cart-quantity", "guide", "The quantity is the one asked for, or what the stock can serve."),
    Rule("cart-zero", "KI-1316990", "Quantity 0 comes only with stockBalance 0: else the marketplace oversells."),
    Rule("cart-same-sku", "practice", "Lines of the same SKU together are offered no more than its stock."),
    Rule("cart-no-address", "guide", "Without a postal code or coordinates there are no delivery services."),
    Rule(
        "cart-sla",
        "reference",
        "A delivery service has id, name, channel, price in whole cents, and an estimate such as 5bd; ids are unique a line.",
    ),
    Rule("cart-window", "reference", "A delivery window has startDateUtc, endDateUtc after it, and a price in whole cents."),
    Rule("cart-get", "guide", "GET with purchaseContext is answered as POST is."),
    Rule("order-array", "guide", "An array of orders is answered with an array, as long and in the same order."),
    Rule(
        "order-answer", "guide", "A placed order comes back with the seller's orderId, its marketplaceOrderId, items, client and delivery."
    ),
    Rule("order-again", "practice", "An order sent again gets the same orderId: it is one order."),
    Rule("receipt", "guide", "An authorization is answered with date, marketplaceOrderId, orderId and receipt."),
    Rule("receipt-again", "practice", "An authorization sent again gets the same receipt."),
    Rule("dispatch-canceled", "practice", "The dispatch of a canceled order is refused."),
    Rule("cancel-answer", "practice", "A cancellation is answered with the ids (done) or an empty body (the seller is deciding)."),
)

RULES = {rule.id: rule for rule in (*_CALLS, *_ANSWERS)}
