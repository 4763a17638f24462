"""What is sent to VTEX, against VTEX's own published schemas and the samples of its 2017 guide."""

import json
from datetime import UTC, date, datetime

import pytest
from published import JUDGE, needed, operations

from connector.domain.catalog import Image, Product
from connector.domain.documents import CarrierEvent, Delivery, Invoice, InvoiceItem, Tracking
from connector.settings import MarketplaceSettings
from connector.vtex import calls
from connector.vtex.calls import OrderAddress

SUGGESTIONS = "vtex-marketplace-suggestions.json"
SERVICES = "vtex-external-seller-marketplace.json"
ORDERS = "vtex-orders.json"

STORE = "https://shop.vtexcommercestable.com.br"
NAMED = OrderAddress("1138342255777-01", STORE + "/services/")
MANAGEMENT = OrderAddress("1138342255777-01", "")
SALE = Invoice("NFe-00001", "Output", datetime(2013, 11, 21, tzinfo=UTC), 9508, (InvoiceItem("345117", 1, 9003),))
RETURN = Invoice("NFe-00002", "Input", datetime(2013, 11, 22, tzinfo=UTC), 9508, (InvoiceItem("345117", 1, 9003),), key="4" * 44)
TRACKED = Tracking("NFe-00001", "Correios", "SR000987654321", "http://traking.correios.com.br/sedex/SR000987654321", date(2013, 11, 23))
UNDATED = Tracking("NFe-00001", "Correios", "SR000987654321", "")
EVENTS = (CarrierEvent(date(2015, 6, 23), "Rio de Janeiro", "RJ", "Coletado pela transportadora"),)
ON_ITS_WAY = Delivery("NFe-00001", False, None, EVENTS)
HANDED_OVER = Delivery("NFe-00001", True, datetime(2022, 10, 1, 21, 15, tzinfo=UTC), ())


def marketplace(protocol="current"):
    return MarketplaceSettings(account="shop", seller_id="acme", base_url=STORE, app_key="env:K", app_token="env:T", protocol=protocol)


def product(**changes):
    fields = {
        "sku": "567",
        "product_id": "321",
        "product_name": "Product sample",
        "sku_name": "Sku sample",
        "description": "sample",
        "brand": "Brand 1",
        "category": "Category 1",
        "ean": "EAN123",
        "ref_id": "REFID123",
        "height_cm": 1.0,
        "width_cm": 1.0,
        "length_cm": 1.0,
        "weight_g": 1000,
        "measurement_unit": "un",
        "unit_multiplier": 1.0,
        "images": (Image("Principal", "https://i.example/1.jpg"),),
        "product_specs": {"prodspec1": "value1"},
        "sku_specs": {"skuspec1": "value2"},
        "active": True,
    }
    return Product(**(fields | changes))


def problems(name, request):
    """Return what the schema finds in a request's body as it goes over the wire."""
    return JUDGE.body_problems(name, request.url, json.loads(json.dumps(request.body)))


@needed
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sku": "A/1 #2"},
        {"height_cm": 20.5, "unit_multiplier": 0.3},
        {"images": (Image("", "https://i.example/1.jpg"), Image("b", "https://i.example/2.jpg"))},
        {"ean": "", "sku_name": "", "description": "", "measurement_unit": "", "product_specs": {}, "sku_specs": {}},
    ],
)
def test_a_suggestion_is_as_published(changes):
    assert problems("suggest", calls.suggestion(marketplace(), product(**changes), 399, 111)) == []


@needed
@pytest.mark.parametrize("field", ["Weight", "Updated", "Pricing", "SellerId"])
def test_a_suggestion_without_a_required_field_is_not(field):
    request = calls.suggestion(marketplace(), product(), 399, 111)
    body = {name: value for name, value in request.body.items() if name != field}

    assert any(field in problem for problem in JUDGE.body_problems("suggest", request.url, body))


@needed
@pytest.mark.parametrize("invoice", [SALE, RETURN])
@pytest.mark.parametrize("address", [NAMED, MANAGEMENT])
def test_an_invoice_is_as_published_at_both_addresses(invoice, address):
    assert problems("invoice", calls.invoice(marketplace(), address, invoice)) == []


@needed
@pytest.mark.parametrize("tracking", [TRACKED, UNDATED])
@pytest.mark.parametrize("address", [NAMED, MANAGEMENT])
def test_a_tracking_is_as_published_at_both_addresses(tracking, address):
    assert problems("track", calls.tracking(marketplace(), address, SALE, tracking, UTC)) == []


@needed
@pytest.mark.parametrize("delivery", [ON_ITS_WAY, HANDED_OVER])
@pytest.mark.parametrize("address", [NAMED, MANAGEMENT])
def test_a_delivery_is_as_published_at_both_addresses(delivery, address):
    assert problems("deliver", calls.delivery(marketplace(), address, delivery)) == []


@needed
@pytest.mark.parametrize("address", [NAMED, MANAGEMENT])
def test_a_cancellation_is_as_published_at_both_addresses(address):
    assert problems("cancel", calls.cancel(marketplace(), address, "sem estoque")) == []


@needed
@pytest.mark.parametrize("kind", ["Acknowledgment", "Confirmation"])
def test_an_agreement_to_a_change_is_as_published(kind):
    assert problems("agree", calls.agreement(marketplace(), NAMED, "e8532a32", kind)) == []


@needed
@pytest.mark.parametrize(
    ("file", "request_of", "template"),
    [
        (SERVICES, lambda m: calls.invoice(m, NAMED, SALE), "/pvt/orders/{marketplaceOrderId}/invoice"),
        (SERVICES, lambda m: calls.tracking(m, NAMED, SALE, TRACKED, UTC), "/pvt/orders/{marketplaceOrderId}/invoice/{invoiceNumber}"),
        (SERVICES, lambda m: calls.delivery(m, NAMED, ON_ITS_WAY), "/pvt/orders/{marketplaceOrderId}/invoice/{invoiceNumber}/tracking"),
        (SERVICES, lambda m: calls.cancel(m, NAMED, "r"), "/pvt/orders/{marketplaceOrderId}/cancel"),
        (
            SERVICES,
            lambda m: calls.agreement(m, NAMED, "e8532a32", "Acknowledgment"),
            "/pvt/orders/{participantOrderId}/changes/{changeRequestId}/send-agreement",
        ),
        (ORDERS, lambda m: calls.invoice(m, MANAGEMENT, SALE), "/api/oms/pvt/orders/{orderId}/invoice"),
        (ORDERS, lambda m: calls.tracking(m, MANAGEMENT, SALE, TRACKED, UTC), "/api/oms/pvt/orders/{orderId}/invoice/{invoiceNumber}"),
        (ORDERS, lambda m: calls.delivery(m, MANAGEMENT, ON_ITS_WAY), "/api/oms/pvt/orders/{orderId}/invoice/{invoiceNumber}/tracking"),
        (ORDERS, lambda m: calls.cancel(m, MANAGEMENT, "r"), "/api/oms/pvt/orders/{orderId}/cancel"),
        (SUGGESTIONS, lambda m: calls.suggestion(m, product(), 1, 1), "/suggestions/{sellerId}/{sellerSkuId}"),
        (
            "vtex-marketplace.json",
            lambda m: calls.price_changed(m, "567"),
            "/notificator/{sellerId}/changenotification/{skuId}/price",
        ),
        (
            "vtex-marketplace.json",
            lambda m: calls.inventory_changed(m, "567"),
            "/notificator/{sellerId}/changenotification/{skuId}/inventory",
        ),
    ],
)
def test_method_and_address_are_as_published(file, request_of, template):
    request = request_of(marketplace())
    filled = template
    for name, value in {
        "{marketplaceOrderId}": "1138342255777-01",
        "{orderId}": "1138342255777-01",
        "{participantOrderId}": "1138342255777-01",
        "{changeRequestId}": "e8532a32",
        "{invoiceNumber}": "NFe-00001",
        "{sellerId}": "acme",
        "{sellerSkuId}": "567",
        "{skuId}": "567",
    }.items():
        filled = filled.replace(name, value)

    assert request.method.lower() in operations(template, file)
    assert request.url.partition("?")[0].endswith(filled)


# With the two values that the guide gives as a number and as null where today's are texts (facts §9).
SUGGESTION_IN_THE_GUIDE = {
    "ProductId": "321",
    "ProductName": "Product sample",
    "NameComplete": "Product sample Sku sample",
    "ProductDescription": "sample",
    "BrandName": "Brand 1",
    "SkuName": "Sku sample",
    "SellerId": "acme",
    "Height": 1,
    "Width": 1,
    "Length": 1,
    "WeightKg": 1,
    "Updated": None,
    "RefId": "REFID123",
    "SellerStockKeepingUnitId": 567,
    "CategoryFullPath": "Category 1",
    "Images": [{"imageName": "Principal", "imageUrl": "https://i.example/1.jpg"}],
    "ProductSpecifications": [{"fieldName": "prodspec1", "fieldValue": "value1"}],
    "SkuSpecifications": [{"fieldName": "skuspec1", "fieldValue": "value2"}],
    "EAN": "EAN123",
    "MeasurementUnit": "un",
    "UnitMultiplier": 1,
    "AvailableQuantity": 111,
    "Pricing": {"Currency": "BRL", "SalePrice": 399, "CurrencySymbol": "R$"},
}

INVOICE_IN_THE_GUIDE = {
    "type": "Output",
    "invoiceNumber": "NFe-00001",
    "courier": "",
    "trackingNumber": "",
    "trackingUrl": "",
    "items": [{"id": "345117", "quantity": 1, "price": 9003}],
    "issuanceDate": "2013-11-21T00:00:00+00:00",
    "invoiceValue": 9508,
}


def test_a_suggestion_in_the_2017_dialect_is_the_guides():
    assert calls.suggestion(marketplace("2017"), product(), 399, 111).body == SUGGESTION_IN_THE_GUIDE


def test_an_invoice_in_the_2017_dialect_is_the_guides():
    request = calls.invoice(marketplace("2017"), NAMED, SALE)

    assert request.url == STORE + "/services/pub/orders/1138342255777-01/invoice"
    assert request.body == INVOICE_IN_THE_GUIDE


def test_a_tracking_in_the_2017_dialect_is_the_guides():
    request = calls.tracking(marketplace("2017"), NAMED, SALE, TRACKED, UTC)

    assert (request.method, request.url) == ("POST", STORE + "/services/pub/orders/1138342255777-01/invoice")
    assert request.body == INVOICE_IN_THE_GUIDE | {
        "courier": "Correios",
        "trackingNumber": "SR000987654321",
        "trackingUrl": "http://traking.correios.com.br/sedex/SR000987654321",
    }
