"""Order modifications as VTEX's Orders API (change v2) has them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.changing import Added, Removed
from connector.errors import ConnectorError, RequestInvalid
from connector.vtex.changes import read_call, read_change

PUBLISHED = {
    "reason": "The client wants to change a weighable product.",
    "replace": [
        {
            "from": {"items": [{"id": "1", "quantity": 1, "uniqueId": "1D6A12BD177140B2BAF0C042D2FAEE54", "price": 2499}]},
            "to": {
                "items": [
                    {
                        "id": "2",
                        "quantity": 1,
                        "measurementUnit": "kg",
                        "unitMultiplier": 3.0,
                        "manualDiscountValue": 10,
                        "manualIncrementValue": 0,
                        "clientProfileData": [{"firstName": "Jane"}],
                    }
                ],
                "shippingData": {"logisticsInfo": [{"itemIndex": 0, "selectedSla": "Normal", "price": 1000}]},
            },
        }
    ],
    "settings": {"rolloutConfiguration": {"enableApi": True}},
}


def test_the_published_example_is_read():
    change = read_change(PUBLISHED, "r")

    assert change.removed == (Removed("1", 1),)
    assert change.added == (Added("2", 1, None, 3.0, "kg", "Normal", 1000, "1"),)
    assert change.adjustment_cents == -10
    assert change.reason.startswith("The client wants")


def test_adding_removing_and_adjusting_are_read_together():
    body = {"add": {"items": [{"id": 8, "quantity": 2}]}, "remove": [{"items": [{"id": "31", "quantity": 1}]}], "manualIncrementValue": 5}
    change = read_change(body, "r")

    assert (change.added, change.removed, change.adjustment_cents) == ((Added("8", 2),), (Removed("31", 1),), 5)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"reason": "nothing"}, "the body"),
        ({"add": {"items": [{"id": "8"}]}}, "add.items[0].quantity"),
        ({"remove": {"items": [{"quantity": 1}]}}, "remove.items[0].id"),
        ({"replace": {}}, "replace"),
        ({"replace": [{"from": {"items": [5]}}]}, "replace[0].from.items[0]"),
        ({"manualDiscountValue": -1}, "manualDiscountValue"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_place(body, place):
    with pytest.raises(RequestInvalid, match=r"found .*allowed") as caught:
        read_change(body, "r")
    assert str(caught.value).startswith(f"{place}:")


@pytest.mark.parametrize("name", ["changeRequestId", "changeId", "requestId", "CHANGEREQUESTID"])
def test_the_changes_id_stands_in_the_body_or_in_the_address(name):
    assert read_call({name: "e8532a32-7f7e"}).request_id == "e8532a32-7f7e"
    assert read_call({name: "other"}, "from-the-address").request_id == "from-the-address"


@pytest.mark.parametrize("request_id", ["", "a/b", "..", "a b", "é", "x" * 101])
def test_an_id_that_no_address_can_carry_is_refused(request_id):
    with pytest.raises(RequestInvalid, match="changeRequestId"):
        read_call({"changeId": request_id})


def test_no_agreement_is_an_acknowledgment_and_another_one_is_refused():
    assert read_call(None, "r").agreement == "Acknowledgment"
    assert read_call({"agreementType": "confirmation"}, "r").agreement == "Confirmation"
    with pytest.raises(RequestInvalid, match="agreementType"):
        read_call({"agreementType": "Maybe"}, "r")


def test_the_hash_sees_what_is_asked_for_and_nothing_around_it():
    same = read_call({**PUBLISHED, "agreementType": "Acknowledgment", "changeId": "x"}, "r").content_hash
    assert read_call(PUBLISHED, "r").content_hash == same
    assert read_call({**PUBLISHED, "manualDiscountValue": 1}, "r").content_hash != same


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "quantity", "price", "items", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["add", "remove", "replace", "reason", "manualDiscountValue", "changeId", "agreementType"]), JSON))
def test_whatever_stands_in_a_change_it_is_read_or_refused(body):
    with suppress(ConnectorError):
        read_change(body, read_call(body, "r").request_id)
