"""Orders as VTEX really sends them: several at once, odd indices, units, services, gifts, pickups, nulls; authorized and cancelled."""

import copy
import json

import pytest
from guide import ORDER as GUIDE
from sqlalchemy import func, select
from web_world import order, refused

from connector.domain.documents import Ack
from connector.storage import tables
from connector.usecases import orders as usecase
from connector.usecases.passes import Pass
from jobs import export_orders


class Shop:
    """The API over a project, and the files that its ERP finds."""

    def __init__(self, made):
        self.made, self.client = made, made.client()
        (made.root / "outbox").mkdir()

    def post(self, path, body=None):
        return self.client.simulate_post(path, json=body)

    def place(self, *documents):
        return self.post("/pvt/orders", list(documents))

    def placed(self, document=None):
        answer = self.place(document or copy.deepcopy(GUIDE))

        assert answer.status_code == 200, answer.text
        return answer.json[0]["orderId"]

    def fulfill(self, number, body=None):
        return self.post(f"/pvt/orders/{number}/fulfill", body)

    def cancel(self, number, body=None):
        return self.post(f"/pvt/orders/{number}/cancel", body)

    def count(self, table=tables.orders):
        with self.made.app().db.read() as tx:
            return tx.execute(select(func.count()).select_from(table)).scalar_one()

    def stock_balance(self, sku):
        cart = {"items": [{"id": sku, "quantity": 1, "seller": "1"}]}
        return self.post("/pvt/orderForms/simulation", cart).json["logisticsInfo"][0]["stockBalance"]

    def written(self, folder, number):
        export_orders.run(self.made.app(), Pass(by_hand=True))
        return json.loads((self.made.root / "outbox" / folder / f"{number}.json").read_text(encoding="utf-8"))

    def names(self):
        export_orders.run(self.made.app(), Pass(by_hand=True))
        return sorted(str(path.relative_to(self.made.root / "outbox")) for path in (self.made.root / "outbox").rglob("*.json"))


@pytest.fixture
def shop(project):
    return Shop(project())


def changed(**fields):
    return {**copy.deepcopy(GUIDE), **fields}


def with_line(**fields):
    document = copy.deepcopy(GUIDE)
    document["items"][0] |= fields
    return document


def with_shipping(**fields):
    document = copy.deepcopy(GUIDE)
    document["shippingData"]["logisticsInfo"][0] |= fields
    return document


class TestPlacing:
    def test_the_guides_order_is_answered_as_in_the_guide_and_written_for_the_erp(self, shop):
        (answered,) = shop.place(GUIDE).json
        told = shop.written("orders", answered["orderId"])

        assert answered["followUpEmail"] == "32172239852@gmail.com.br"
        assert (answered["items"][0]["measurementUnit"], answered["items"][0]["unitMultiplier"]) == ("un", 1)
        assert answered["items"][0]["Seller"] == "1"
        assert told["totals"] == {"items": 9990, "shipping": 1090, "services": 0, "discounts": 0, "total": 11080}
        assert told["flags"] == [flag for flag in told["flags"] if "marketplaceservicesendpoint" in flag], "nothing else is to be looked at"
        assert told["raw"] == GUIDE

    def test_several_orders_are_taken_in_their_order(self, shop):
        answers = shop.place(*(order(number) for number in ("c-01", "a-01", "b-01"))).json

        assert [one["marketplaceOrderId"] for one in answers] == ["c-01", "a-01", "b-01"]
        assert (shop.count(), shop.stock_balance("100")) == (3, 997)

    def test_the_same_array_again_with_one_more_order_takes_only_that(self, shop):
        first = shop.place(order("a-01"), order("b-01")).json
        again = shop.place(order("a-01"), order("new-01"), order("b-01")).json

        assert [again[0], again[2]] == first
        assert (shop.count(), shop.stock_balance("100")) == (3, 997)

    def test_one_bad_order_among_known_and_new_ones_takes_nothing_new(self, shop):
        shop.place(order("a-01"))
        answer = shop.place(order("a-01"), order("new-01"), order("bad-01", sku="999"))

        assert refused(answer, 422, "ORD021")
        assert "999" in answer.json["error"]["message"]
        assert (shop.count(), shop.stock_balance("100")) == (1, 999)

    def test_an_order_without_items_is_refused_and_does_not_crash(self, shop):
        for items in ([], None):
            assert refused(shop.place(changed(items=items)), 422, "FMT0026")
        assert shop.count() == 0

    def test_a_gift_order_that_nobody_pays_for_is_taken(self, shop):
        gift = with_line(isGift=True, price=0) | {"marketplacePaymentValue": 0}
        gift["shippingData"]["logisticsInfo"][0]["price"] = 0
        told = shop.written("orders", shop.placed(gift))

        assert (told["items"][0]["isGift"], told["totals"]["total"]) == (True, 0)
        assert not [flag for flag in told["flags"] if "pays" in flag]

    def test_the_same_sku_on_two_lines_is_two_lines_of_one_reservation(self, shop):
        document = changed(items=GUIDE["items"] * 2, marketplacePaymentValue=19980)
        document["shippingData"] = {"logisticsInfo": [{"itemIndex": n, "selectedSla": "Normal", "price": 0} for n in (0, 1)]}
        told = shop.written("orders", shop.placed(document))

        assert [item["sku"] for item in told["items"]] == ["100", "100"]
        assert shop.stock_balance("100") == 998

    def test_two_lines_of_one_sku_that_together_want_more_than_there_is_are_refused(self, shop):
        lines = [{**GUIDE["items"][0], "quantity": 600}] * 2

        assert refused(shop.place(changed(items=lines)), 422, "FMT002")
        assert shop.stock_balance("100") == 1000

    @pytest.mark.parametrize(("price", "flags"), [(9990, 0), (12000, 0), (9500, 1)])
    def test_a_price_at_or_above_the_offer_is_taken_and_one_a_little_below_flagged(self, shop, price, flags):
        document = with_line(price=price) | {"marketplacePaymentValue": price + 1090}

        assert len([flag for flag in shop.written("orders", shop.placed(document))["flags"] if "came at" in flag]) == flags

    def test_a_total_that_differs_is_taken_and_flagged(self, shop):
        told = shop.written("orders", shop.placed(changed(marketplacePaymentValue=11081)))

        assert "the marketplace pays 110.81; the order's lines add up to 110.80" in told["flags"]

    def test_a_total_that_differs_is_refused_where_the_settings_want_it(self, project):
        shop = Shop(project('[orders]\ntotal_mismatch = "refuse"\n'))

        assert refused(shop.place(changed(marketplacePaymentValue=11081)), 422, "FMT007")
        assert shop.place(GUIDE).status_code == 200

    @pytest.mark.parametrize("multiplier", [0, None, 1, 1.0])
    def test_no_multiplier_is_one(self, shop, multiplier):
        assert shop.written("orders", shop.placed(with_line(unitMultiplier=multiplier)))["items"][0]["unitMultiplier"] == 1

    def test_a_decimal_multiplier_rounds_over_the_line_as_vtex_does(self, shop):
        document = with_line(price=9999, unitMultiplier=0.3333, quantity=3, measurementUnit="kg") | {"marketplacePaymentValue": 9998 + 1090}
        told = shop.written("orders", shop.placed(document))

        assert (told["items"][0]["lineTotal"], told["totals"]["total"]) == (9998, 11088)
        assert (told["items"][0]["unitMultiplier"], told["items"][0]["measurementUnit"]) == (0.3333, "kg")

    def test_services_are_paid_per_piece(self, shop):
        services = [
            {"type": "gift-wrap", "id": 5, "name": "Embalagem", "price": 150},
            {"type": "warranty", "id": "9", "name": None, "price": 99},
        ]
        document = with_line(bundleItems=services, quantity=2) | {"marketplacePaymentValue": 2 * (9990 + 249) + 1090}
        told = shop.written("orders", shop.placed(document))

        assert (told["totals"]["services"], told["totals"]["total"]) == (498, 21568)
        assert [service["id"] for service in told["items"][0]["services"]] == ["5", "9"]
        assert not [flag for flag in told["flags"] if "pays" in flag]

    def test_a_delivery_windows_price_comes_on_top(self, shop):
        window = {
            "startDateUtc": "2026-11-25T08:00:00+00:00",
            "endDateUtc": "2026-11-25T12:00:00+00:00",
            "price": 500,
            "lisPrice": 500,
            "tax": 0,
        }
        told = shop.written("orders", shop.placed(with_shipping(deliveryWindow=window) | {"marketplacePaymentValue": 11580}))

        assert (told["totals"]["shipping"], told["totals"]["total"]) == (1590, 11580)
        assert told["shipping"][0]["deliveryWindow"] == {"start": window["startDateUtc"], "end": window["endDateUtc"], "price": 500}

    def test_attachments_notes_and_custom_data_reach_the_erp(self, shop):
        shirt = {"name": "camisa", "content": {"número": "10"}}
        document = with_line(itemAttachment=shirt, attachments=[shirt]) | {
            "openTextField": {"value": "à tarde"},
            "customData": {"customApps": []},
        }
        told = shop.written("orders", shop.placed(document))

        assert told["items"][0]["attachments"] == [shirt, shirt]
        assert (told["note"], told["customData"]) == ("à tarde", {"customApps": []})

    def test_an_order_to_be_collected_goes_to_the_store(self, shop):
        document = with_shipping(selectedDeliveryChannel="pickup-in-point", pickupPointId="1_loja-1")
        document["shippingData"]["address"] |= {"addressType": "pickup", "addressId": "loja-1", "receiverName": None}
        told = shop.written("orders", shop.placed(document))

        assert (told["shipping"][0]["channel"], told["shipping"][0]["pickupPoint"]) == ("pickup-in-point", "1_loja-1")
        assert told["address"]["addressId"] == "loja-1"

    def test_a_company_buys(self, shop):
        company = {
            "isCorporate": True,
            "corporateName": "ACME LTDA",
            "corporateDocument": "45723174000110",
            "stateInscription": "110042490114",
        }
        told = shop.written("orders", shop.placed(changed(clientProfileData=company)))

        assert told["client"] == company

    @pytest.mark.parametrize("indices", [(None, None), (1, 2), (0, 0), (0, 1)])
    def test_shipping_belongs_to_its_line_whatever_the_indices_say(self, shop, indices):
        entries = [{"itemIndex": index, "selectedSla": "Normal", "price": price} for index, price in zip(indices, (100, 200), strict=True)]
        document = changed(
            items=[GUIDE["items"][0], {**GUIDE["items"][0], "id": "200", "price": 500}], shippingData={"logisticsInfo": entries}
        )
        told = shop.written("orders", shop.placed(document))

        assert [(one["sku"], one["price"]) for one in told["shipping"]] == [("100", 100), ("200", 200)]

    def test_without_a_shipping_service_it_is_taken_and_flagged(self, shop):
        assert "SKU 100 names no shipping service" in shop.written("orders", shop.placed(with_shipping(selectedSla=None)))["flags"]

    @pytest.mark.parametrize("coordinates", [[], None, ["-47,25", "-22.7"], [-47.25, -22.75]])
    def test_coordinates_are_kept_as_sent(self, shop, coordinates):
        document = copy.deepcopy(GUIDE)
        document["shippingData"]["address"]["geoCoordinates"] = coordinates

        assert shop.written("orders", shop.placed(document))["address"]["geoCoordinates"] == coordinates

    @pytest.mark.parametrize("part", ["clientProfileData", "shippingData", "marketingData", "openTextField", "paymentData", "customData"])
    def test_every_part_may_be_null_or_missing(self, shop, part):
        without = {name: value for name, value in changed(marketplaceOrderId="without").items() if name != part}

        assert shop.place(changed(**{part: None})).status_code == shop.place(without).status_code == 200
        assert shop.count() == 2

    @pytest.mark.parametrize("inner", ["clientProfileData", "address"])
    def test_every_field_of_the_buyer_and_the_address_may_be_null(self, shop, inner):
        document = copy.deepcopy(GUIDE)
        holder = document if inner == "clientProfileData" else document["shippingData"]
        holder[inner] = dict.fromkeys(holder[inner])

        assert shop.place(document).status_code == 200

    @pytest.mark.parametrize("ttl", ["8d", "7bd", "12h", "30m", "7BD", "", None, "soon"])
    def test_any_lock_time_is_taken_and_holds_stock(self, shop, ttl):
        shop.placed(with_shipping(lockTTL=ttl))

        assert shop.stock_balance("100") == 999

    def test_two_marketplaces_may_use_the_same_number(self, project):
        shop = Shop(project(accounts=("first", "second")))
        answers = [shop.post(f"/pvt/orders?an={account}", [GUIDE]).json[0]["orderId"] for account in ("first", "second")]

        assert len(set(answers)) == shop.count() == 2

    def test_a_refusal_that_speaks_portuguese_fits_into_a_header(self, shop):
        answer = shop.place(order("ç-01", sku="çã"))

        assert refused(answer, 422, "ORD021")
        assert answer.headers["x-vtex-error-message"].isascii()


class TestAuthorizing:
    @pytest.mark.parametrize("path", ["{ours}", "959311095", "unknown-path"])
    def test_the_order_is_found_by_either_id_and_by_the_body(self, shop, path):
        ours = shop.placed()
        answer = shop.fulfill(path.format(ours=ours), {"marketplaceOrderId": "959311095"})

        assert (answer.status_code, answer.json["orderId"]) == (200, ours)

    def test_an_array_of_one_is_read_as_well(self, shop):
        assert shop.fulfill("whatever", [{"marketplaceOrderId": shop.placed() and "959311095"}]).status_code == 200

    @pytest.mark.parametrize(
        "extra",
        [
            {},
            {"marketplaceOrderGroup": "959311"},
            {"cancellationRequestId": None, "cancellationRequestDate": None, "reason": None, "requestedByUser": None},
        ],
    )
    def test_without_payments_the_dispatch_file_says_so(self, shop, extra):
        ours = shop.placed()
        shop.fulfill(ours, {"marketplaceOrderId": "959311095", **extra})

        assert shop.written("dispatches", ours)["payments"] is None

    def test_payments_reach_the_dispatch_file_as_they_came(self, shop):
        payment = {"paymentSystem": "125", "paymentSystemName": "Pix", "value": 11080, "installments": 1, "group": "instantPayment"}
        data = {"payments": [payment], "connectorResponses": {"Tid": "1", "ReturnCode": 0, "Message": None, "message": "ok", "nsu": None}}
        ours = shop.placed()
        shop.fulfill(ours, {"marketplaceOrderId": "959311095", "paymentData": data})

        assert shop.written("dispatches", ours)["payments"] == data

    def test_again_it_is_the_same_receipt_and_one_file(self, shop):
        ours = shop.placed()
        first, again = (shop.fulfill(ours, {"marketplaceOrderId": "959311095"}).content for _ in range(2))

        assert first == again
        assert shop.names() == [f"dispatches/{ours}.json", f"orders/{ours}.json"]

    def test_before_placement_it_is_unknown_and_creates_nothing(self, shop):
        assert refused(shop.fulfill("X", {"marketplaceOrderId": "959311095"}), 404)
        assert shop.count() == 0
        assert shop.place(GUIDE).status_code == 200

    def test_after_cancellation_it_is_a_conflict_and_nothing_ships(self, shop):
        ours = shop.placed()
        shop.cancel(ours)

        assert refused(shop.fulfill(ours, {"marketplaceOrderId": "959311095"}), 409)
        assert f"dispatches/{ours}.json" not in shop.names()


CANCELLATION = {
    "marketplaceOrderId": "959311095",
    "marketplaceOrderGroup": "959311",
    "cancellationRequestId": "07a2ce61-b47d-47a9-bac0-cecdd1cc1ef5",
    "cancellationRequestDate": "2024-03-04T15:45:02.1306363+00:00",
    "reason": "não quero mais",
    "requestedByUser": True,
}


class TestCancelling:
    @pytest.mark.parametrize("body", [None, {}, {"marketplaceOrderId": "959311095"}, CANCELLATION])
    def test_before_authorization_it_is_confirmed_at_once_and_frees_the_stock(self, shop, body):
        ours = shop.placed()
        first, again = (shop.cancel(ours, body) for _ in range(2))

        assert first.status_code == 200
        assert first.content == again.content
        assert set(first.json) == {"date", "marketplaceOrderId", "orderId", "receipt"}
        assert (first.json["marketplaceOrderId"], first.json["orderId"]) == ("959311095", ours)
        assert shop.stock_balance("100") == 1000
        assert shop.written("cancellations", ours)["decision"] == "final"

    def test_the_cancellation_file_keeps_what_was_sent(self, shop):
        ours = shop.placed()
        shop.cancel(ours, CANCELLATION)
        told = shop.written("cancellations", ours)

        assert told == {
            "orderId": ours,
            "marketplaceOrderId": "959311095",
            "requestId": "07a2ce61-b47d-47a9-bac0-cecdd1cc1ef5",
            "requestedAt": "2024-03-04T15:45:02.1306363+00:00",
            "reason": "não quero mais",
            "decision": "final",
        }

    def test_after_authorization_the_erp_is_asked_and_then_it_is_confirmed(self, shop):
        ours = shop.placed()
        shop.fulfill(ours)
        asked = [shop.cancel(ours, CANCELLATION) for _ in range(2)]
        assert [(answer.status_code, answer.content) for answer in asked] == [(200, b"")] * 2
        assert shop.written("cancellations", ours)["decision"] == "asked"
        assert shop.stock_balance("100") == 999

        app = shop.made.app()
        with app.db.write() as tx:
            usecase.cancel_by_seller(tx, app, usecase.find(tx, ours), "so be it", app.now)
        confirmed, again = (shop.cancel(ours, CANCELLATION) for _ in range(2))
        assert (confirmed.status_code, confirmed.json["orderId"]) == (200, ours)
        assert confirmed.content == again.content
        assert shop.stock_balance("100") == 1000

    def test_an_order_that_the_erp_rejected_is_confirmed_to_whoever_cancels_it(self, shop):
        ours = shop.placed()
        app = shop.made.app()
        usecase.acknowledge(app, Ack(ours, False, "", "sem estoque", app.now))

        assert shop.cancel(ours).json["orderId"] == ours

    def test_before_placement_it_is_unknown(self, shop):
        assert refused(shop.cancel("X", CANCELLATION), 404)
        assert shop.place(GUIDE).status_code == 200


@pytest.mark.parametrize("path", ["/pvt/installments/options", "/pvt/payments/", "/pvt/orders/X/changes", "/pvt/orders/X", "/pvt/nothing"])
def test_addresses_of_other_kinds_of_sellers_are_404_in_vtex_shape(shop, path):
    assert refused(shop.post(path, {}), 404)


@pytest.mark.parametrize("path", ["/pvt/orders", "/pvt/orders/X/fulfill", "/pvt/orders/X/cancel"])
def test_the_wrong_verb_is_405_in_vtex_shape(shop, path):
    assert refused(shop.client.simulate_get(path), 405)
