"""What VTEX says became of a suggestion: an answer that is published nowhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.listings import ListingState
from connector.vtex.statuses import SuggestionStatus, read


@pytest.mark.parametrize(
    ("document", "state", "word"),
    [
        ({"status": "pending"}, ListingState.SUGGESTED, "pending"),
        ({"Status": "Pending"}, ListingState.SUGGESTED, "Pending"),
        ({"STATUS": "ACCEPTED"}, ListingState.ACCEPTED, "ACCEPTED"),
        ({"status": "Approved"}, ListingState.ACCEPTED, "Approved"),
        ({"status": "denied"}, ListingState.DENIED, "denied"),
        ({"suggestion": {"Status": "denied"}}, ListingState.DENIED, "denied"),
    ],
)
def test_a_status_is_read_whatever_its_case(document, state, word):
    found = read(json.dumps(document))

    assert (found.state, found.word, found.is_plain) == (state, word, True)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '"denied"', json.dumps({"status": "WaitingReview"}), json.dumps({"content": {"Status": "denied"}})]
)
def test_what_cannot_be_read_waits(text):
    found = read(text)

    assert (found.state, found.is_plain) == (ListingState.SUGGESTED, False)


def test_the_reason_of_a_denial_is_told_where_there_is_one():
    found = read(json.dumps({"status": "denied", "Reason": "Duplicate\nof \x1b[31m123"}))

    assert found == SuggestionStatus(ListingState.DENIED, "denied", "Duplicate of [31m123", is_plain=True)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(json.dumps)
)
def test_no_answer_whatever_breaks_it(text):
    assert read(text).state in ListingState
