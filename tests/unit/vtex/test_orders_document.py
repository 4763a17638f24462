import copy
import json
from contextlib import suppress

import pytest
from guide import ORDER as GUIDE
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, OrderRefused, RequestInvalid
from connector.vtex.orders import answer, read, read_authorization, read_cancellation


def one(**changes):
    return read({**copy.deepcopy(GUIDE), **changes}, "shop", "1")[0]


def line(**changes):
    return one(items=[{**GUIDE["items"][0], **changes}])


def test_the_guides_order_adds_up_to_what_the_marketplace_pays():
    order = one()
    assert order.marketplace_order_id == "959311095"
    assert order.account == "shop"
    assert order.sales_channel == "1"
    assert order.totals.total == order.payment_cents == 11080
    assert (order.items[0].sku, order.items[0].quantity, order.items[0].unit_multiplier) == ("100", 1, 1.0)
    assert (order.items[0].sla, order.items[0].lock_ttl, order.items[0].estimate) == ("Normal", "8d", "7d")
    assert order.address["street"] == "JOÃO DAMÁZIO GOMES"
    assert order.document == "3244239851"
    assert order.raw == GUIDE


def test_an_array_of_orders_keeps_its_order():
    orders = read([{**GUIDE, "marketplaceOrderId": number} for number in ("b", "a", 7)], "shop", "1")
    assert [order.marketplace_order_id for order in orders] == ["b", "a", "7"]


def test_names_are_read_in_any_case():
    def shout(value):
        if isinstance(value, dict):
            return {name.upper(): shout(inner) for name, inner in value.items()}
        return [shout(inner) for inner in value] if isinstance(value, list) else value

    loud = read(shout(GUIDE), "shop", "1")[0]
    assert loud.items == one().items
    assert loud.payment_cents == 11080
    assert loud.document == one().document
    answered = answer(loud, "X-1")
    assert answered["ITEMS"][0]["UNITMULTIPLIER"] == 1
    assert "items" not in answered


def test_an_order_of_nothing_but_ids_and_quantity_is_read():
    bare = read({"marketplaceOrderId": "1", "items": [{"id": 5, "quantity": 2}]}, "shop", "1")[0]
    assert bare.items[0].sku == "5"
    assert bare.items[0].sla == ""
    assert bare.payment_cents is None
    assert bare.client == {}
    assert bare.address == {}
    assert bare.totals.total == 0
    assert answer(bare, "X-1")["followUpEmail"] == ""


@pytest.mark.parametrize("name", [n for n in GUIDE if n not in ("marketplaceOrderId", "items")])
def test_any_other_field_may_be_null(name):
    assert one(**{name: None}).marketplace_order_id == "959311095"


@pytest.mark.parametrize("name", [n for n in GUIDE["items"][0] if n not in ("id", "quantity")])
def test_any_other_field_of_a_line_may_be_null(name):
    assert line(**{name: None}).items[0].sku == "100"


@pytest.mark.parametrize(("sent", "unit"), [(None, "un"), ("", "un"), ("kg", "kg")])
def test_a_unit_of_nothing_is_the_piece(sent, unit):
    assert line(measurementUnit=sent).items[0].measurement_unit == unit


@pytest.mark.parametrize("unit", [0, None, 1, 1.0])
def test_a_multiplier_of_nothing_is_one(unit):
    assert line(unitMultiplier=unit).items[0].unit_multiplier == 1.0
    assert line(unitMultiplier=unit).unitless == (set() if unit else {"100"})


def test_a_fraction_of_a_unit_rounds_over_the_whole_line():
    assert line(price=199, unitMultiplier=0.3, quantity=3).totals.items == 179


def test_services_windows_and_tags_enter_the_total():
    shipping = copy.deepcopy(GUIDE["shippingData"])
    window = {"startDateUtc": "2026-11-24T08:00:00+00:00", "endDateUtc": "2026-11-24T12:00:00+00:00", "price": 300}
    shipping["logisticsInfo"][0]["deliveryWindow"] = window
    item = {
        **GUIDE["items"][0],
        "quantity": 2,
        "bundleItems": [{"type": "gift-wrap", "id": 12, "name": "Embalagem", "price": 150}],
        "priceTags": [
            {"name": "discount", "value": -500, "rawValue": -5.0, "isPercentual": False},
            {"name": "percent", "value": -10, "isPercentual": True},
        ],
    }
    order = one(items=[item], shippingData=shipping)
    assert order.items[0].services[0].id == "12"
    assert order.items[0].delivery_window == {"start": window["startDateUtc"], "end": window["endDateUtc"], "price": 300}
    totals = order.totals
    assert (totals.items, totals.services, totals.shipping, totals.discounts) == (19980, 300, 1390, -500 - 1998)


@pytest.mark.parametrize("indices", [(1, 2), (None, None), (0, 0), ("0", "1"), (0, 9)])
def test_shipping_falls_back_to_position_where_indices_make_no_sense(indices):
    lines = [{"itemIndex": index, "selectedSla": sla, "price": 1} for index, sla in zip(indices, ("A", "B"), strict=True)]
    order = one(items=[GUIDE["items"][0]] * 2, shippingData={"logisticsInfo": lines})
    assert [item.sla for item in order.items] == ["A", "B"]


def test_indices_that_count_from_one_are_followed():
    lines = [{"itemIndex": 2, "selectedSla": "second"}, {"itemIndex": 1, "selectedSla": "first"}]
    order = one(items=[GUIDE["items"][0]] * 2, shippingData={"logisticsInfo": lines})
    assert [item.sla for item in order.items] == ["first", "second"]


def test_shipping_follows_its_indices_where_they_are_right():
    lines = [{"itemIndex": 1, "selectedSla": "second"}, {"itemIndex": 0, "selectedSla": "first"}]
    order = one(items=[GUIDE["items"][0]] * 2, shippingData={"logisticsInfo": lines})
    assert [item.sla for item in order.items] == ["first", "second"]


def test_a_line_to_be_collected_names_its_pickup_point():
    shipping = {"logisticsInfo": [{"selectedDeliveryChannel": "pickup-in-point", "pickupPointId": "1_loja-1", "selectedSla": "Retira"}]}
    collected = one(shippingData=shipping).items[0]
    assert (collected.channel, collected.pickup_point, collected.sla) == ("pickup-in-point", "1_loja-1", "Retira")
    by_address = one(shippingData={"address": {"addressType": "pickup", "addressId": "loja-2"}, "logisticsInfo": [{}]}).items[0]
    assert (by_address.channel, by_address.pickup_point) == ("pickup-in-point", "loja-2")
    assert (one().items[0].channel, one().items[0].pickup_point) == ("delivery", "")


SHIRT = {"name": "camisa", "content": {"number": "10"}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"itemAttachment": SHIRT}, (SHIRT,)),
        ({"itemsAttachment": [SHIRT, {"name": "", "content": None}]}, (SHIRT,)),
        ({"attachments": [SHIRT, {"id": "1", "name": "manual", "url": "https://x.example/m.pdf"}], "itemAttachment": SHIRT}, None),
        ({"itemAttachment": {"name": None, "content": {}}, "attachments": []}, ()),
        ({"itemAttachment": None, "attachments": None}, ()),
        ({"attachments": "engraved"}, ("engraved",)),
    ],
)
def test_what_the_buyer_had_written_on_a_line_is_kept_as_sent(sent, kept):
    expected = kept if kept is not None else (SHIRT, SHIRT, sent["attachments"][1])
    assert line(**sent).items[0].attachments == expected


@pytest.mark.parametrize(
    ("sent", "note"),
    [(None, ""), ("deixe na portaria", "deixe na portaria"), ({"value": "oi"}, "oi"), ({"value": 5}, ""), (7, ""), ([], "")],
)
def test_what_the_buyer_wrote_is_kept_in_either_form(sent, note):
    assert one(openTextField=sent).note == note


def test_a_companys_order_keeps_all_that_an_invoice_needs():
    company = {"isCorporate": True, "corporateName": "ACME LTDA", "corporateDocument": "12.ABC.345/01DE-35", "stateInscription": "ISENTO"}
    order = one(clientProfileData={**company, "document": None})
    assert order.document == "12ABC34501DE35"
    assert order.client == {**company, "document": None}


def test_custom_data_and_coordinates_are_kept_as_sent():
    custom = {"customApps": [{"id": "loyalty", "fields": {"points": "10"}}]}
    order = one(customData=custom, shippingData={"address": {"geoCoordinates": ["-47,25", -22.75]}, "logisticsInfo": []})
    assert order.custom_data == custom
    assert order.address["geoCoordinates"] == ["-47,25", -22.75]


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ({"marketplaceOrderId": None}, "marketplaceOrderId"),
        ({"marketplaceOrderId": "x" * 256}, "marketplaceOrderId"),
        ({"marketplaceOrderId": {"a": 1}}, "marketplaceOrderId"),
        ({"marketplaceOrderId": "a\0b"}, "marketplaceOrderId"),
        ({"marketplacePaymentValue": -1}, "marketplacePaymentValue"),
        ({"marketplacePaymentValue": "11080"}, "marketplacePaymentValue"),
        ({"clientProfileData": {"firstName": "\ud800"}}, "clientProfileData.firstName"),
        ({"clientProfileData": {"bad\0name": 1}}, "clientProfileData (a name)"),
        ({"clientProfileData": []}, "clientProfileData"),
        ({"marketingData": {"utm": [1, 2**70]}}, "marketingData.utm[1]"),
        ({"marketingData": float("inf")}, "marketingData"),
        ({"items": {}}, "items"),
        ({"items": ["100"]}, "items[0]"),
        ({"shippingData": {"logisticsInfo": 5}}, "shippingData.logisticsInfo"),
        ({"shippingData": {"logisticsInfo": [{"price": -1}]}}, "shippingData.logisticsInfo[0].price"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_place(order, place):
    with pytest.raises(RequestInvalid, match=r"found .*allowed") as caught:
        one(**order)
    assert str(caught.value).startswith(f"{place}:")
    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", True),
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", None),
        ("quantity", 1.5),
        ("quantity", True),
        ("quantity", 10**9),
        ("price", -1),
        ("price", 10**15),
        ("unitMultiplier", -0.1),
        ("isGift", "yes"),
    ],
)
def test_a_line_that_makes_no_sense_names_its_field(name, value):
    with pytest.raises(RequestInvalid, match=rf"^\[0\]\.items\[0\]\.{name}: "):
        read([{**GUIDE, "items": [{**GUIDE["items"][0], name: value}]}], "shop", "1")


@pytest.mark.parametrize("document", [None, [], 5, "text", [[]], [None]])
def test_what_is_no_order_is_invalid(document):
    with pytest.raises(RequestInvalid):
        read(document, "shop", "1")


@pytest.mark.parametrize("items", [[], None])
def test_an_order_without_items_is_refused_with_vtex_own_code(items):
    with pytest.raises(OrderRefused, match="959311095") as caught:
        one(items=items)
    assert caught.value.code == "FMT0026"


def test_what_is_said_of_a_bad_character_does_not_tell_the_text_around_it():
    with pytest.raises(RequestInvalid) as caught:
        one(clientProfileData={"lastName": "Oliveira\0"})
    assert "Oliveira" not in str(caught.value)


def test_a_negative_total_is_invalid():
    with pytest.raises(RequestInvalid, match="a total from 0"):
        line(priceTags=[{"value": -20000}])


def test_the_content_hash_sees_every_change_and_no_order_of_names():
    assert one().content_hash == read(dict(reversed(GUIDE.items())), "shop", "1")[0].content_hash
    assert one(openTextField="leave it at the door").content_hash != one().content_hash


def test_the_answer_is_the_order_with_our_id_and_plain_units():
    answered = answer(one(), "261124-7K3M9QXB")
    assert answered["orderId"] == "261124-7K3M9QXB"
    assert answered["followUpEmail"] == "32172239852@gmail.com.br"
    assert answered["items"] == [{**GUIDE["items"][0], "measurementUnit": "un", "unitMultiplier": 1}]
    assert {name: answered[name] for name in GUIDE if name != "items"} == {name: GUIDE[name] for name in GUIDE if name != "items"}
    assert GUIDE["items"][0]["unitMultiplier"] == 0, "what was sent stays as it was sent"


@pytest.mark.parametrize(("email", "told"), [("a@ct.example", "a@ct.example"), (None, ""), ([], ""), (5, ""), ({"x": 1}, "")])
def test_whatever_stands_for_an_email_the_answer_is_text(email, told):
    assert answer(one(clientProfileData={"email": email}), "X-1")["followUpEmail"] == told


def test_free_text_may_be_text_or_an_object():
    for text in ("leave it", {"value": "leave it"}):
        assert one(openTextField=text).raw["openTextField"] == text


@pytest.mark.parametrize("body", [None, {}, []])
def test_an_empty_cancellation_asks_nothing_more(body):
    assert read_cancellation(body).as_dict() == {"id": "", "requested_at": "", "reason": ""}


def test_a_cancellation_keeps_its_seven_digits_of_a_second():
    body = {"marketplaceOrderId": 5, "cancellationRequestDate": "2024-03-04T15:45:02.1306363+00:00", "reason": "gave up"}
    request = read_cancellation(body)
    assert request.requested_at == "2024-03-04T15:45:02.1306363+00:00"
    assert request.marketplace_order_id == "5"


def test_an_authorization_may_come_wrapped_in_an_array_of_one():
    payments = {"payments": [{"value": 1}], "connectorResponses": {"Message": "a", "message": None}}
    authorization = read_authorization([{"marketplaceOrderId": "1-01", "paymentData": payments}])
    assert authorization.marketplace_order_id == "1-01"
    assert authorization.payments == payments
    with pytest.raises(RequestInvalid):
        read_authorization([{}, {}])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "price", "value", "items", "x"]), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(["items", "clientProfileData", "shippingData", "marketplaceServicesEndpoint", "marketplaceOrderId"]), JSON)
def test_whatever_stands_in_a_field_it_is_read_or_refused(name, value):
    with suppress(ConnectorError):
        json.dumps(answer(read([{**GUIDE, name: value}], "shop", "1")[0], "X-1"))


@given(st.dictionaries(st.sampled_from([*GUIDE["items"][0], "SELLER"]), JSON))
def test_whatever_stands_in_a_line_it_is_read_or_refused(changes):
    with suppress(ConnectorError):
        json.dumps(answer(read({**GUIDE, "items": [{**GUIDE["items"][0], **changes}]}, "shop", "1")[0], "X-1"))
