"""VTEX's documents as JSON schemas, with an example each: what /openapi.json shows (facts 3 to 6; seed guide).

Requests are described as they are expected, and read more leniently than that; answers are described exactly.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

CONTEXT_PARAMETER = "purchaseContext"
CENTS: Schema = {"type": "integer", "description": "Cents of the marketplace's currency"}
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer", "minimum": 0}


def _object(required: str, properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties, **more}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


ERROR = _object(
    "error",
    {
        "error": _object(
            "code message exception", {"code": TEXT, "message": TEXT, "exception": {"type": "null"}}, additionalProperties=False
        )
    },
    additionalProperties=False,
    example={"error": {"code": "ORD021", "message": "the SKU 2000037 is not known", "exception": None}},
)

CART_LINE = _object("id quantity", {"id": {**TEXT, "minLength": 1}, "quantity": {"type": "integer", "minimum": 1}, "seller": MAYBE_TEXT})
ANY_LINE: Schema = {"anyOf": [CART_LINE, {"description": "Any other line is left out of the answer, alone"}]}
CART = _object(
    "items",
    {
        "items": _list(ANY_LINE),
        "country": {"description": "ISO 3166, three letters, or null. What is none counts as null, here as below"},
        "postalCode": {"description": "With or without separators, or null"},
        "geoCoordinates": {"description": "Two numbers, [] or null"},
        "sc": {"description": "The sales channel, where the address names none"},
    },
    description="What a cart asks. Without an address the answer names no way of delivery; nothing but a missing list of items is refused",
    example={"items": [{"id": "2000037", "quantity": 1, "seller": "1"}], "country": "BRA", "postalCode": "22051030"},
)

INSTANT = {"type": "string", "format": "date-time"}
WINDOW = _object(
    "startDateUtc endDateUtc price",
    {"startDateUtc": INSTANT, "endDateUtc": INSTANT, "price": {**CENTS, "description": "Added to the line's freight, in cents"}},
)
STORE = {
    "type": ["object", "null"],
    "description": "Where it is fetched; null where it is brought",
    "required": ["isPickupStore", "friendlyName", "additionalInfo", "address"],
    "properties": {"isPickupStore": {"const": True}, "friendlyName": TEXT, "additionalInfo": TEXT, "address": {"type": "object"}},
}
SLA = _object(
    "id name price shippingEstimate deliveryChannel availableDeliveryWindows pickupStoreInfo",
    {
        "id": {"type": "string", "description": "Comes back in the order as selectedSla"},
        "name": TEXT,
        "price": {**CENTS, "description": "This line's own share of the freight, in cents"},
        "shippingEstimate": {"type": "string", "pattern": "^[0-9]+(d|bd|h|m)$"},
        "deliveryChannel": {"enum": ["delivery", "pickup-in-point"]},
        "availableDeliveryWindows": _list(WINDOW),
        "pickupStoreInfo": STORE,
    },
)
OFFERED_LINE = _object(
    "id requestIndex price listPrice quantity seller merchantName priceValidUntil offerings priceTags measurementUnit unitMultiplier"
    " attachmentOfferings",
    {
        "id": TEXT,
        "requestIndex": {**WHOLE, "description": "Position in the request"},
        "price": CENTS,
        "listPrice": CENTS,
        "quantity": {**WHOLE, "description": "What was asked, or what is left; 0 without stock"},
        "seller": TEXT,
        "merchantName": MAYBE_TEXT,
        "priceValidUntil": {"type": ["string", "null"], "format": "date-time"},
        "offerings": _list(_object("type id name price", {"type": TEXT, "id": TEXT, "name": TEXT, "price": CENTS})),
        "priceTags": {"type": "array"},
        "measurementUnit": TEXT,
        "unitMultiplier": {"type": "number", "exclusiveMinimum": 0},
        "attachmentOfferings": {"type": "array"},
    },
)
LOGISTICS = _object(
    "itemIndex stockBalance quantity shipsTo slas deliveryChannels",
    {
        "itemIndex": {**WHOLE, "description": "Position in the request"},
        "stockBalance": WHOLE,
        "quantity": WHOLE,
        "shipsTo": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{3}$"}, "minItems": 1},
        "slas": _list(SLA),
        "deliveryChannels": _list(_object("id stockBalance", {"id": TEXT, "stockBalance": WHOLE})),
    },
)
SIMULATION = _object(
    "items logisticsInfo country postalCode",
    {
        "items": _list(OFFERED_LINE),
        "logisticsInfo": _list(LOGISTICS),
        "country": MAYBE_TEXT,
        "postalCode": MAYBE_TEXT,
        "geoCoordinates": _list({"type": "number"}),
        "allowMultipleDeliveries": {"const": True},
    },
    example={
        "items": [
            {
                "id": "2000037",
                "requestIndex": 0,
                "price": 9990,
                "listPrice": 12990,
                "quantity": 1,
                "seller": "1",
                "merchantName": None,
                "priceValidUntil": "2026-12-31T02:59:59+00:00",
                "offerings": [{"type": "gift-wrap", "id": "5", "name": "Embalagem para presente", "price": 500}],
                "priceTags": [],
                "measurementUnit": "un",
                "unitMultiplier": 1,
                "attachmentOfferings": [],
            }
        ],
        "logisticsInfo": [
            {
                "itemIndex": 0,
                "stockBalance": 12,
                "quantity": 1,
                "shipsTo": ["BRA"],
                "slas": [
                    {
                        "id": "Normal",
                        "name": "Entrega Normal",
                        "price": 1090,
                        "shippingEstimate": "5bd",
                        "deliveryChannel": "delivery",
                        "availableDeliveryWindows": [],
                        "pickupStoreInfo": None,
                    }
                ],
                "deliveryChannels": [{"id": "delivery", "stockBalance": 12}],
            }
        ],
        "country": "BRA",
        "postalCode": "22051030",
        "geoCoordinates": [],
        "allowMultipleDeliveries": True,
    },
)

SENT_ID: Schema = {"type": ["string", "number"], "minLength": 1, "maxLength": 255}
SENT_TEXT: Schema = {"type": ["string", "number", "null"]}
SENT_CENTS: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 10**12, "description": "Cents"}
SENT_OBJECT: Schema = {"type": ["object", "null"]}
ORDER_LINE = _object("id quantity", {"id": SENT_ID, "quantity": {"type": "integer", "minimum": 1, "maximum": 10**6}, "price": SENT_CENTS})
SHIPPING = {
    "type": ["object", "null"],
    "properties": {"address": SENT_OBJECT, "logisticsInfo": {"type": ["array", "null"], "items": SENT_OBJECT}},
}
ORDER_FIELDS: Schema = {
    "marketplaceOrderId": SENT_ID,
    "marketplaceServicesEndpoint": SENT_TEXT,
    "marketplacePaymentValue": SENT_CENTS,
    "items": {**_list(ORDER_LINE), "minItems": 1},
    "clientProfileData": SENT_OBJECT,
    "shippingData": SHIPPING,
    "openTextField": {},
    "marketingData": {},
}
EXAMPLE_ORDER: Schema = {
    "marketplaceOrderId": "1138342255777-01",
    "marketplaceServicesEndpoint": "https://sandboxintegracao.vtexcommercestable.com.br/api/oms?an=sandboxintegracao",
    "marketplacePaymentValue": 11080,
    "items": [{"id": "2000037", "quantity": 1, "seller": "1", "price": 9990, "bundleItems": [], "priceTags": []}],
    "clientProfileData": {"email": "maria@ct.example", "firstName": "Maria", "lastName": "Souza", "document": "52998224725"},
    "shippingData": {
        "address": {"postalCode": "22051-030", "city": "Rio de Janeiro", "state": "RJ", "country": "BRA"},
        "logisticsInfo": [{"itemIndex": 0, "selectedSla": "Normal", "lockTTL": "8d", "shippingEstimate": "5bd", "price": 1090}],
    },
}
ORDER = _object(
    "marketplaceOrderId items", ORDER_FIELDS, description="Every other field is kept and answered as sent", example=EXAMPLE_ORDER
)
PLACED_ORDER = _object(
    "marketplaceOrderId orderId items followUpEmail",
    {**ORDER_FIELDS, "orderId": {"type": "string", "pattern": "^[A-Z0-9-]{1,40}$"}, "followUpEmail": MAYBE_TEXT},
    description="The order again, with the seller's own number",
    example={**EXAMPLE_ORDER, "orderId": "SC-7H2K9Q4M", "followUpEmail": "maria@ct.example"},
)
WRAPPED: Schema = {"type": ["object", "array", "null"], "items": SENT_OBJECT, "maxItems": 1}  # the older guide's array of one
AUTHORIZATION: Schema = {
    **WRAPPED,
    "properties": {"marketplaceOrderId": SENT_TEXT, "paymentData": {}},
    "example": {"marketplaceOrderId": "1138342255777-01"},
}
CANCELLATION: Schema = {
    **WRAPPED,
    "properties": {
        "marketplaceOrderId": SENT_TEXT,
        "cancellationRequestId": SENT_TEXT,
        "cancellationRequestDate": SENT_TEXT,
        "reason": SENT_TEXT,
        "requestedByUser": {"description": "true, false or null"},
    },
    "example": {"marketplaceOrderId": "1138342255777-01", "reason": "the customer changed their mind"},
}
RECEIPT = _object(
    "date marketplaceOrderId orderId receipt",
    {"date": TEXT, "marketplaceOrderId": TEXT, "orderId": TEXT, "receipt": TEXT},
    example={
        "date": "2026-11-24 12:00:00",
        "marketplaceOrderId": "1138342255777-01",
        "orderId": "SC-7H2K9Q4M",
        "receipt": "e39d05f9-0c54-4469-a626-8bb5cff169f8",
    },
)
CHANGED_ITEMS: Schema = {
    "type": "object",
    "properties": {"items": _list(_object("id quantity", {"id": TEXT, "quantity": {"type": "integer", "minimum": 1}}))},
}
CHANGE: Schema = {
    "type": "object",
    "description": "VTEX's order modification, with its id and agreement; a confirmation needs nothing else",
    "properties": {
        "agreementType": {"enum": ["Acknowledgment", "Confirmation", None]},
        "changeRequestId": MAYBE_TEXT,
        "reason": MAYBE_TEXT,
        "add": CHANGED_ITEMS,
        "remove": CHANGED_ITEMS,
        "replace": _list({"type": "object", "properties": {"from": CHANGED_ITEMS, "to": CHANGED_ITEMS}}),
        "manualDiscountValue": CENTS,
        "manualIncrementValue": CENTS,
    },
    "example": {
        "agreementType": "Acknowledgment",
        "changeRequestId": "e8532a32-7f7e-434a-88ec-29609f0ede46",
        "reason": "the customer wants one less",
        "remove": {"items": [{"id": "2000037", "quantity": 1}]},
    },
}
CHANGE_TAKEN = _object(
    "orderId marketplaceOrderId changeRequestId agreementType",
    {"orderId": TEXT, "marketplaceOrderId": TEXT, "changeRequestId": TEXT, "agreementType": {"enum": ["Acknowledgment", "Confirmation"]}},
    example={
        "orderId": "SC-7H2K9Q4M",
        "marketplaceOrderId": "1138342255777-01",
        "changeRequestId": "e8532a32-7f7e-434a-88ec-29609f0ede46",
        "agreementType": "Acknowledgment",
    },
)
HEALTH = _object("status", {"status": TEXT}, example={"status": "ready"})

SCHEMAS: dict[str, Schema] = {
    "Error": ERROR,
    "Cart": CART,
    "Simulation": SIMULATION,
    "Order": ORDER,
    "Orders": {"oneOf": [{**_list(_ref("Order")), "minItems": 1}, _ref("Order")]},
    "PlacedOrder": PLACED_ORDER,
    "PlacedOrders": {"oneOf": [_list(_ref("PlacedOrder")), _ref("PlacedOrder")]},
    "Authorization": AUTHORIZATION,
    "Cancellation": CANCELLATION,
    "Receipt": RECEIPT,
    "Change": CHANGE,
    "ChangeTaken": CHANGE_TAKEN,
    "Health": HEALTH,
}
