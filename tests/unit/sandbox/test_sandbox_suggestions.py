"""What becomes of suggestions: a person's yes or no, the score, the clock; and what the catalogue then answers."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import UsageError
from connector.sandbox.books import SandboxBooks
from connector.sandbox.calls import Call
from connector.sandbox.suggestions import read_approval

BODY = {
    "ProductName": "Coffee",
    "SkuName": "500 g",
    "BrandName": "Marca",
    "CategoryFullPath": "Casa",
    "ProductDescription": "Roasted",
    "Height": 1,
    "Width": 1,
    "Length": 1,
    "Weight": 500,
    "RefId": "R1",
    "AvailableQuantity": 5,
    "Images": [{"imageName": "Principal", "imageUrl": "https://img.example/1.jpg"}],
    "Pricing": {"Currency": "BRL", "SalePrice": 1990, "CurrencySymbol": "R$"},
}


class World:
    """A marketplace and a clock that is moved by hand."""

    def __init__(self, approval="never"):
        self.now = datetime(2026, 11, 24, tzinfo=UTC)
        self.books = SandboxBooks("acme", ("", ""), (), approval=read_approval(approval), now=lambda: self.now)

    def say(self, method, path, body=None, **query):
        return self.books.answer(Call(method, path, tuple(path.strip("/").split("/")), query, {}, body))

    def suggest(self, sku):
        status, answer = self.say("PUT", f"/shop/suggestions/acme/{sku}", BODY)
        self.books.settle_suggestions()
        return answer["errorResponse"]["Code"] if answer else status

    def status(self, sku):
        status, answer = self.say("GET", f"/shop/suggestions/acme/{sku}")
        return answer["status"] if status == 200 else status

    def notify(self, sku):
        return self.say("POST", f"/api/catalog_system/pvt/skuSeller/changenotification/acme/{sku}")[0]


def test_left_to_a_person_a_suggestion_waits_and_its_sku_still_gets_a_404():
    world = World()

    assert (world.notify("A"), world.suggest("A"), world.status("A"), world.notify("A")) == (404, 200, "pending", 404)
    world.books.decide("A", "accepted")
    assert (world.status("A"), world.notify("A"), world.suggest("A")) == ("accepted", 200, 23)


def test_the_score_approves_at_once():
    world = World("auto")

    assert (world.suggest("A"), world.status("A"), world.notify("A")) == (200, "accepted", 200)


def test_a_denied_suggestion_stays_denied_whatever_is_sent():
    world = World("deny")

    assert (world.suggest("A"), world.status("A"), world.suggest("A"), world.notify("A")) == (200, "denied", 18, 404)


def test_after_some_seconds_what_waits_is_approved():
    world = World("5")
    world.suggest("A")
    world.now += timedelta(seconds=4)
    assert world.books.settle_suggestions() == []
    world.now += timedelta(seconds=1)

    assert world.books.settle_suggestions() == ["A"]
    assert world.notify("A") == 200


def test_after_thirty_days_what_waits_is_gone():
    world = World()
    world.suggest("A")
    world.now += timedelta(days=30)
    world.books.settle_suggestions()

    assert (world.status("A"), world.suggest("A")) == (404, 200)


@pytest.mark.parametrize("text", ["maybe", "-1", "1.5", "", "²"])
def test_who_approves_is_said_in_one_of_four_ways(text):
    with pytest.raises(UsageError, match="says not who approves"):
        read_approval(text)


def test_suggestions_are_listed_by_status_and_text_fifty_at_a_time():
    world = World()
    for number in range(60):
        world.suggest(f"S{number:02}")
    world.books.decide("S07", "denied")

    first = world.say("GET", "/shop/suggestions", status="pending")[1]
    assert (first["_total"], len(first["data"])) == (59, 50)
    assert len(world.say("GET", "/shop/suggestions", status="pending", _from="50")[1]["data"]) == 9
    assert [one["itemId"] for one in world.say("GET", "/shop/suggestions", status="denied", q="s07")[1]["data"]] == ["S07"]


def test_a_seller_may_not_remove_a_suggestion():
    world = World()
    world.suggest("A")

    assert world.say("DELETE", "/shop/suggestions/acme/A")[0] == 403
    assert world.status("A") == "pending"


def test_a_binding_is_shown_once_the_sku_is_known():
    world = World()
    path = "/api/sku-binding/pvt/skuseller/acme/A"

    assert world.say("GET", path) == (404, "Seller StockKeepingUnit A not found for this seller id acme")
    world.books.known.add("A")
    assert world.say("GET", path)[1]["SellerStockKeepingUnitId"] == "A"
    assert world.say("GET", "/api/sku-binding/pvt/skuseller/paged/sellerid/acme", page="1", size="10")[1]["total"] == 1
    assert world.say("POST", "/api/sku-binding/pvt/skuseller/changenotification/acme/A")[0] == 200


def test_a_forgotten_sku_is_unknown_again_and_may_be_suggested_again():
    world = World("auto")
    world.suggest("A")
    world.books.forget("A")

    assert (world.notify("A"), world.suggest("A"), world.notify("A")) == (404, 200, 200)
