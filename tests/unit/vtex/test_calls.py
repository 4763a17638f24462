from datetime import UTC, date, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.catalog import Image, Product
from connector.domain.documents import CarrierEvent, Delivery, Invoice, InvoiceItem, Tracking
from connector.errors import UsageError
from connector.settings import MarketplaceSettings
from connector.vtex import calls
from connector.vtex.calls import OrderAddress, Request
from connector.vtex.suggestions import suggestion_hash

STORE = "https://shop.vtexcommercestable.com.br"
SERVICES = OrderAddress("959311095", STORE + "/services/")
ELSEWHERE = OrderAddress("959311095", "http://oms.vtexinternal.com.br/api/oms?an=shop")


def marketplace(protocol="current", **changes):
    keys = {"account": "shop", "seller_id": "acme", "base_url": STORE, "app_key": "env:K", "app_token": "env:T", "protocol": protocol}
    return MarketplaceSettings(**(keys | changes))


def product(**changes):
    fields = {
        "sku": "567",
        "product_id": "321",
        "product_name": "Coffee",
        "sku_name": "Coffee 500 g",
        "description": "Roasted in Campinas",
        "brand": "Marca",
        "category": "Casa/Cozinha",
        "ean": "7891000000012",
        "ref_id": "REF567",
        "height_cm": 10.0,
        "width_cm": 20.5,
        "length_cm": 30.0,
        "weight_g": 1500,
        "measurement_unit": "un",
        "unit_multiplier": 1.0,
        "images": (Image("Principal", "https://img.example/567.jpg"), Image("", "https://img.example/567-b.jpg")),
        "product_specs": {"Origin": "Sul de Minas"},
        "sku_specs": {"Size": "500 g"},
        "active": True,
    }
    return Product(**(fields | changes))


def invoice(**changes):
    fields = {
        "number": "NFe-00001",
        "type": "Output",
        "issued_at": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "value_cents": 15870,
        "items": (InvoiceItem("2000037", 2, 7390),),
    }
    return Invoice(**(fields | changes))


TRACKING = Tracking("NFe-00001", "Correios", "SR000987654321", "https://t.example/SR000987654321", date(2026, 1, 3))


def test_a_change_is_notified_per_kind_today():
    m = marketplace()

    assert calls.catalog_changed(m, "567") == Request(
        "POST", STORE + "/api/catalog_system/pvt/skuSeller/changenotification/acme/567", None, "notify the change of SKU 567"
    )
    assert calls.price_changed(m, "567").url == STORE + "/api/notificator/acme/changenotification/567/price"
    assert calls.inventory_changed(m, "567").url == STORE + "/api/notificator/acme/changenotification/567/inventory"


def test_every_change_is_notified_at_one_address_in_the_2017_dialect():
    m = marketplace("2017")

    assert calls.price_changed(m, "567") == calls.inventory_changed(m, "567") == calls.catalog_changed(m, "567")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda sku: sku not in (".", "..")))
def test_any_code_is_one_segment_of_the_address_and_comes_back_as_it_was(sku):
    path = urlsplit(calls.price_changed(marketplace(), sku).url).path

    assert [unquote(part) for part in path.split("/")] == ["", "api", "notificator", "acme", "changenotification", sku, "price"]


@pytest.mark.parametrize("sku", ["", ".", ".."])
def test_a_code_that_no_address_can_carry_is_refused_by_name(sku):
    with pytest.raises(UsageError, match="cannot be part of a web address"):
        calls.catalog_changed(marketplace(), sku)


def test_a_suggestion_says_everything_in_todays_dialect():
    request = calls.suggestion(marketplace(), product(), 1990, 5)

    assert (request.method, request.url) == ("PUT", "https://api.vtex.com/shop/suggestions/acme/567")
    assert request.body == {
        "ProductId": "321",
        "ProductName": "Coffee",
        "NameComplete": "Coffee Coffee 500 g",
        "ProductDescription": "Roasted in Campinas",
        "BrandName": "Marca",
        "SkuName": "Coffee 500 g",
        "SellerId": "acme",
        "Height": 10,
        "Width": 20.5,
        "Length": 30,
        "Weight": 1500,
        "Updated": None,
        "RefId": "REF567",
        "SellerStockKeepingUnitId": 567,
        "CategoryFullPath": "Casa/Cozinha",
        "Images": [
            {"imageName": "Principal", "imageUrl": "https://img.example/567.jpg"},
            {"imageName": "Image 2", "imageUrl": "https://img.example/567-b.jpg"},
        ],
        "ProductSpecifications": [{"fieldName": "Origin", "fieldValues": ["Sul de Minas"]}],
        "SkuSpecifications": [{"fieldName": "Size", "fieldValues": ["500 g"]}],
        "EAN": "7891000000012",
        "MeasurementUnit": "un",
        "UnitMultiplier": 1,
        "AvailableQuantity": 5,
        "Pricing": {"Currency": "BRL", "SalePrice": 1990, "CurrencySymbol": "R$"},
    }


def test_a_suggestion_in_the_2017_dialect_weighs_in_kilograms_and_has_single_values():
    today = calls.suggestion(marketplace(), product(), 1990, 5).body
    body = calls.suggestion(marketplace("2017"), product(), 1990, 5).body

    assert body["WeightKg"] == 1.5
    assert body["ProductSpecifications"] == [{"fieldName": "Origin", "fieldValue": "Sul de Minas"}]
    assert body["SkuSpecifications"] == [{"fieldName": "Size", "fieldValue": "500 g"}]
    assert set(body) ^ set(today) == {"Weight", "WeightKg"}


@pytest.mark.parametrize(("sku", "number"), [("567", 567), ("2147483647", 2147483647), ("2147483648", None), ("007", None), ("A1", None)])
def test_the_numeric_id_is_there_only_where_it_says_the_same_as_the_code(sku, number):
    assert calls.suggestion(marketplace(), product(sku=sku), 1, 1).body.get("SellerStockKeepingUnitId") == number


def test_the_fingerprint_of_a_suggestion_changes_with_what_a_reviewer_judges_and_not_with_price_or_quantity():
    first = calls.suggestion(marketplace(), product(), 1990, 5).body

    assert suggestion_hash(first) == suggestion_hash(calls.suggestion(marketplace(), product(), 1990, 4).body)
    assert suggestion_hash(first) != suggestion_hash(calls.suggestion(marketplace(), product(product_name="Tea"), 1990, 5).body)
    assert suggestion_hash(first) == suggestion_hash(calls.suggestion(marketplace(), product(), 2990, 5).body)


def test_the_status_of_a_suggestion_is_asked_where_it_was_put():
    request = calls.suggestion_status(marketplace(), "A/1")

    assert (request.method, request.url, request.body) == ("GET", "https://api.vtex.com/shop/suggestions/acme/A%2F1", None)


@pytest.mark.parametrize("protocol", ["current", "2017"])
def test_the_ean_is_written_as_the_settings_say(protocol):
    def of(form, **how):
        m = marketplace(protocol).model_copy(update={"ean_form": form})
        return calls.suggestion(m, product(**how.pop("content", {})), 1, 1, **how).body["EAN"]

    assert of("auto") == of("string") == "7891000000012"
    assert of("array") == of("auto", ean_in_list=True) == ["7891000000012"]
    assert (of("array", content={"ean": ""}), of("string", content={"ean": ""})) == ([], "")


def test_images_that_are_not_https_are_left_out_of_a_suggestion():
    images = (Image("a", "http://img.example/1.jpg"), Image("", "HTTPS://img.example/2.jpg"))

    assert calls.suggestion(marketplace(), product(images=images), 1, 1).body["Images"] == [
        {"imageName": "Image 1", "imageUrl": "HTTPS://img.example/2.jpg"}
    ]


def test_an_invoice_goes_to_the_address_that_the_order_names():
    request = calls.invoice(marketplace(), SERVICES, invoice())

    assert (request.method, request.url) == ("POST", STORE + "/services/pvt/orders/959311095/invoice")
    assert request.body == {
        "type": "Output",
        "invoiceNumber": "NFe-00001",
        "courier": "",
        "trackingNumber": "",
        "trackingUrl": "",
        "items": [{"id": "2000037", "quantity": 2, "price": 7390}],
        "issuanceDate": "2026-01-02T03:00:00+00:00",
        "invoiceValue": 15870,
    }


def test_an_invoice_goes_to_order_management_where_the_address_may_not_be_used():
    assert calls.invoice(marketplace(), ELSEWHERE, invoice()).url == STORE + "/api/oms/pvt/orders/959311095/invoice"


def test_an_invoice_in_the_2017_dialect_is_public_at_the_orders_own_address_only():
    m = marketplace("2017")

    assert calls.invoice(m, SERVICES, invoice()).url == STORE + "/services/pub/orders/959311095/invoice"
    assert calls.invoice(m, ELSEWHERE, invoice()).url == STORE + "/api/oms/pvt/orders/959311095/invoice"
    assert calls.invoice(m, OrderAddress("1", ""), invoice()).url == STORE + "/api/oms/pvt/orders/1/invoice"


def test_a_key_and_a_carrier_stand_in_the_invoice_where_the_erp_gave_them():
    body = calls.invoice(marketplace(), SERVICES, invoice(key="4" * 44, courier="Correios", tracking_number="SR1")).body

    assert (body["invoiceKey"], body["courier"], body["trackingNumber"]) == ("4" * 44, "Correios", "SR1")


def test_lines_of_one_sku_become_one_at_their_mean_price():
    items = (InvoiceItem("A", 1, 1000), InvoiceItem("B", 1, 500), InvoiceItem("A", 2, 700))

    body = calls.invoice(marketplace(), SERVICES, invoice(items=items)).body

    assert body["items"] == [{"id": "A", "quantity": 3, "price": 800}, {"id": "B", "quantity": 1, "price": 500}]


@given(st.lists(st.builds(InvoiceItem, st.sampled_from("ABC"), st.integers(1, 99), st.integers(0, 10**6)), max_size=8))
def test_merged_lines_keep_every_unit_and_stay_within_half_a_cent_a_unit(items):
    body = calls.invoice(marketplace(), SERVICES, invoice(items=tuple(items))).body

    assert len({line["id"] for line in body["items"]}) == len(body["items"])
    for line in body["items"]:
        mine = [item for item in items if item.sku == line["id"]]
        assert line["quantity"] == sum(item.quantity for item in mine)
        assert abs(line["quantity"] * line["price"] - sum(i.quantity * i.price_cents for i in mine)) * 2 <= line["quantity"]


def test_tracking_is_posted_to_the_invoice_at_the_orders_own_address():
    request = calls.tracking(marketplace(), SERVICES, invoice(), TRACKING, UTC)

    assert (request.method, request.url) == ("POST", STORE + "/services/pvt/orders/959311095/invoice/NFe-00001")
    assert request.body == {
        "courier": "Correios",
        "trackingNumber": "SR000987654321",
        "trackingUrl": "https://t.example/SR000987654321",
        "dispatchedDate": "2026-01-03",
    }


@pytest.mark.parametrize("endpoint", ["", "http://oms.vtexinternal.com.br/api/oms?an=shop", STORE + "/api/oms/"])
def test_tracking_patches_the_invoice_in_order_management(endpoint):
    request = calls.tracking(marketplace(), OrderAddress("1", endpoint), invoice(), Tracking("NFe-00001", "C", "T", "", None), UTC)

    assert (request.method, request.url) == ("PATCH", STORE + "/api/oms/pvt/orders/1/invoice/NFe-00001")
    assert request.body["dispatchedDate"] is None


def test_tracking_without_a_day_of_dispatch_carries_the_invoices_where_a_day_is_demanded():
    body = calls.tracking(marketplace(), SERVICES, invoice(), Tracking("NFe-00001", "C", "T", "", None), UTC).body

    assert body["dispatchedDate"] == "2026-01-02"


def test_tracking_in_the_2017_dialect_is_the_invoice_again_with_its_carrier():
    m = marketplace("2017")

    request = calls.tracking(m, SERVICES, invoice(), TRACKING, UTC)

    assert (request.method, request.url) == ("POST", STORE + "/services/pub/orders/959311095/invoice")
    assert request.body == calls.invoice(m, SERVICES, invoice()).body | {
        "courier": "Correios",
        "trackingNumber": "SR000987654321",
        "trackingUrl": "https://t.example/SR000987654321",
    }


DELIVERY = Delivery(
    "NFe-00001", True, datetime(2026, 1, 5, 21, 15, tzinfo=UTC), (CarrierEvent(date(2026, 1, 5), "Americana", "SP", "Entregue"),)
)


@pytest.mark.parametrize(("order", "method", "base"), [(SERVICES, "POST", "/services"), (ELSEWHERE, "PUT", "/api/oms")])
def test_a_delivery_is_reported_with_its_events(order, method, base):
    request = calls.delivery(marketplace(), order, DELIVERY)

    assert (request.method, request.url) == (method, f"{STORE}{base}/pvt/orders/959311095/invoice/NFe-00001/tracking")
    assert request.body == {
        "isDelivered": True,
        "deliveredDate": "2026-01-05 21:15",
        "events": [{"city": "Americana", "state": "SP", "description": "Entregue", "date": "2026-01-05"}],
    }


def test_an_order_is_cancelled_with_its_reason_and_the_query_stays_at_the_end():
    order = OrderAddress("1138342255777-01", STORE + "/api/oms/?an=shop")

    request = calls.cancel(marketplace(), order, "sem estoque")

    assert (request.method, request.url) == ("POST", STORE + "/api/oms/pvt/orders/1138342255777-01/cancel?an=shop")
    assert request.body == {"reason": "sem estoque"}


@pytest.mark.parametrize(
    ("order", "address"),
    [
        (SERVICES, "/services/pvt/orders/959311095/changes/e8532a32/send-agreement?accountName=shop"),
        (
            OrderAddress("959311095", STORE + "/api/oms?an=shop"),
            "/api/oms/pvt/orders/959311095/changes/e8532a32/send-agreement?an=shop&accountName=shop",
        ),
        (ELSEWHERE, "/api/order-system/orders/959311095/changes/e8532a32/send-agreement?accountName=shop"),
        (OrderAddress("959311095", ""), "/api/order-system/orders/959311095/changes/e8532a32/send-agreement?accountName=shop"),
    ],
)
def test_a_change_is_agreed_to_at_the_orders_address_or_the_order_system(order, address):
    request = calls.agreement(marketplace(), order, "e8532a32", "Confirmation")

    assert (request.method, request.url, request.body) == ("POST", STORE + address, {"agreementType": "Confirmation"})


def test_an_invoices_value_is_written_as_the_settings_say():
    for form, value in (("integer", 2499), ("string", "2499")):
        body = calls.invoice(marketplace(invoice_value=form), SERVICES, invoice(value_cents=2499)).body

        assert body["invoiceValue"] == value


def test_an_invoices_web_address_is_told_where_there_is_one():
    assert calls.invoice(marketplace(), SERVICES, invoice(url="https://nfe.example/1")).body["invoiceUrl"] == "https://nfe.example/1"
    assert "invoiceUrl" not in calls.invoice(marketplace(), SERVICES, invoice()).body


def test_where_the_settings_say_so_all_of_it_goes_to_order_management():
    m = marketplace(post_purchase="oms")
    requests = [
        calls.invoice(m, SERVICES, invoice()),
        calls.tracking(m, SERVICES, invoice(), TRACKING, UTC),
        calls.delivery(m, SERVICES, DELIVERY),
        calls.cancel(m, SERVICES, "no stock"),
        calls.invoice(marketplace("2017", post_purchase="oms"), SERVICES, invoice()),
    ]
    base = STORE + "/api/oms/pvt/orders/959311095"

    assert [(request.method, request.url) for request in requests] == [
        ("POST", f"{base}/invoice"),
        ("PATCH", f"{base}/invoice/NFe-00001"),
        ("PUT", f"{base}/invoice/NFe-00001/tracking"),
        ("POST", f"{base}/cancel"),
        ("POST", f"{base}/invoice"),
    ]
