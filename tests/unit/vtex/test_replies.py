import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.messages import CATALOG_KINDS, DOCUMENT_KINDS, TELLING_KINDS, Blocked, Delivered, GiveUp, Kind, Retry
from connector.vtex.replies import (
    Reply,
    finds_no_identifier,
    is_forgotten_suggestion,
    is_throttled,
    is_unknown_sku,
    outcome,
    receipt,
    rest_asked_for,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNKNOWN = "Seller StockKeepingUnit 34562 not found for this seller id acme"
KINDS = (*CATALOG_KINDS, *DOCUMENT_KINDS)


def answer(status, document=None, **headers):
    text = "" if document is None else document if isinstance(document, str) else json.dumps(document)
    return Reply(status, text, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_delivered(kind, status):
    assert outcome(kind, answer(status), NOW) == Delivered()


def test_the_receipt_of_a_document_is_kept():
    reply = answer(200, {"date": "2014-02-07T15:22:56", "orderId": "1", "receipt": "38e0e47d"})

    assert outcome(Kind.INVOICE, reply, NOW) == Delivered(receipt="38e0e47d")
    assert receipt(answer(200, {"receipt": None})) is None
    assert receipt(answer(200, "[]")) is None


def test_a_receipt_is_one_line_that_can_be_stored_however_long_and_odd_it_came():
    assert receipt(Reply(200, '{"receipt": "a\\u0000b\\ud800\\n c"}')) == "a b c"
    assert receipt(Reply(200, '{"receipt": "\\ud800"}')) is None
    assert len(receipt(answer(200, {"receipt": "x" * 900_000}))) == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_web_page_is_never_taken_for_success(kind):
    assert isinstance(outcome(kind, answer(200, "\n <html><title>Log in</title>"), NOW), Retry)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_text_where_a_receipt_is_due_is_never_taken_for_success(kind):
    assert isinstance(outcome(kind, answer(200, '{"receipt": "38e'), NOW), Retry)


@pytest.mark.parametrize("text", [UNKNOWN, json.dumps(UNKNOWN), json.dumps({"Message": UNKNOWN})])
def test_an_unknown_sku_is_suggested(text):
    assert is_unknown_sku(answer(404, text))
    assert outcome(Kind.CATALOG, answer(404, text), NOW) == Delivered(follow_up=(Kind.SUGGESTION,))


@pytest.mark.parametrize("kind", [Kind.PRICE, Kind.INVENTORY])
def test_where_a_price_meets_an_unknown_sku_the_catalogue_is_asked(kind):
    assert outcome(kind, answer(404, UNKNOWN), NOW) == Delivered(follow_up=(Kind.CATALOG,))


@pytest.mark.parametrize("kind", TELLING_KINDS)
@pytest.mark.parametrize("reply", [answer(404), answer(404, "<html>"), answer(404, {"Message": "No HTTP resource"}), answer(405)])
def test_any_other_404_is_a_wrong_address_and_suggests_nothing(kind, reply):
    result = outcome(kind, reply, NOW)

    assert isinstance(result, Blocked)
    assert result.needs_a_person
    assert result.until == NOW + timedelta(minutes=10)
    assert "wrong address or account" in result.reason


@pytest.mark.parametrize("kind", [*TELLING_KINDS, *DOCUMENT_KINDS])
@pytest.mark.parametrize(("status", "hint"), [(401, "app_token"), (403, "License Manager")])
def test_refused_credentials_block_the_marketplace_until_a_person_looks(kind, status, hint):
    result = outcome(kind, answer(status, {"error": {"code": "x", "message": "no"}}), NOW)

    assert isinstance(result, Blocked)
    assert result.needs_a_person
    assert result.until == NOW + timedelta(minutes=10)
    assert hint in result.reason


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry_After": "7"}, 7),
        ({"retry_after": "7"}, 7),
        ({"Retry_After": "0"}, 1),
        ({"Retry_After": "-5"}, 60),
        ({"Retry_After": "3600"}, 3600),
        ({"Retry_After": "Mon, 02 Mar 2026 10:00:00 GMT"}, 22 * 3600),
        ({"Retry_After": "99999999999999999999"}, 24 * 3600),
        ({"Retry_After": "Fri, 06 Mar 2026 12:00:00 GMT"}, 24 * 3600),
        ({"Retry_After": "Sun, 01 Mar 2026 12:01:30 GMT"}, 90),
        ({"Retry_After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 1),
        ({"Retry_After": "Sun, 01 Mar 2026 13:00:30 GMT", "Date": "Sun, 01 Mar 2026 13:00:00 GMT"}, 30),
        ({"Retry_After": "soon"}, 60),
        ({"Retry_After": "Sun, 99 Mar 9999 99:99:99 GMT"}, 60),
    ],
)
def test_a_marketplace_that_asks_to_wait_is_given_its_time_within_bounds(headers, seconds):
    result = outcome(Kind.PRICE, answer(429, **headers), NOW)

    assert isinstance(result, Blocked)
    assert not result.needs_a_person
    assert result.until == NOW + timedelta(seconds=seconds)


def test_an_unavailable_service_is_waited_for_only_where_it_says_how_long():
    assert outcome(Kind.PRICE, answer(503, Retry_After="5"), NOW) == Blocked(
        "answered 503: without a word; asked to wait", until=NOW + timedelta(seconds=5)
    )
    assert outcome(Kind.PRICE, answer(503), NOW) == Retry("answered 503: without a word")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"X_RateLimit_Remaining": "3", "X_RateLimit_Reset": "30"}, 0),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "30"}, 30),
        ({"ratelimit_remaining": "0", "ratelimit_reset": "7"}, 7),
        ({"Ratelimit_Remaining": "0", "Ratelimit_Reset": str(int(NOW.timestamp()) + 20)}, 20),
        ({"Ratelimit_Remaining": "0", "Ratelimit_Reset": str(int(NOW.timestamp()) - 20)}, 0),
        ({"Ratelimit_Remaining": "0", "Ratelimit_Reset": "86400"}, 60),
        ({"Ratelimit_Remaining": "0"}, 0),
        ({"Ratelimit_Remaining": "none", "Ratelimit_Reset": "soon"}, 0),
    ],
)
def test_what_is_left_of_the_rate_is_read_in_either_spelling_and_relied_on_by_nothing(headers, seconds):
    assert rest_asked_for(answer(200, **headers), NOW) == seconds


@pytest.mark.parametrize(
    ("reply", "is_so"), [(answer(429), True), (answer(503, Retry_After="5"), True), (answer(503), False), (answer(500), False)]
)
def test_a_throttled_call_is_told_from_a_failed_one(reply, is_so):
    assert is_throttled(reply) is is_so


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [408, 425, 500, 502, 504, 599, 999])
def test_passing_failures_are_tried_again(kind, status):
    assert isinstance(outcome(kind, answer(status, "<html>"), NOW), Retry)


def test_what_happened_without_an_answer_is_said():
    assert outcome(Kind.INVOICE, Reply(None, failure="no connection within 3 s"), NOW) == Retry("no connection within 3 s")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_named_and_never_followed(status):
    result = outcome(Kind.CATALOG, answer(status, Location="https://evil.test/\x1b[31m"), NOW)

    assert isinstance(result, Blocked)
    assert result.needs_a_person
    assert "https://evil.test/" in result.reason
    assert result.reason.isprintable()


@pytest.mark.parametrize(
    ("document", "headers", "words"),
    [
        ({"error": {"code": "ORD039", "message": "not in this state", "exception": None}}, {}, "ORD039: not in this state"),
        ({"errorResponse": {"Code": 9, "Message": "SkuImagesAreRequired"}}, {}, "9: SkuImagesAreRequired"),
        ({"error": "bad", "data": {"code": 12}}, {}, "12: bad"),
        ({"Message": "The request is invalid."}, {}, "The request is invalid."),
        ([{"code": "A", "message": "first"}], {}, "A: first"),
        ("plain words", {}, "plain words"),
        ('"quoted words"', {}, "quoted words"),
        ("<html><title>400 Bad Request</title>", {}, "a web page titled '400 Bad Request'"),
        (None, {"X_VTEX_Error_Code": "1", "X_VTEX_Error_Message": "n%C3%A3o%20serve"}, "1: não serve"),
        ({"weird": [1]}, {}, "without a word"),
        ("a\x00b\x1b[2Jc\nd", {}, "a b [2Jc d"),
    ],
)
def test_the_reason_of_a_refusal_is_dug_out_of_every_shape(document, headers, words):
    assert outcome(Kind.INVOICE, answer(400, document, **headers), NOW) == GiveUp(f"answered 400: {words}")


def test_a_long_complaint_is_cut():
    assert len(outcome(Kind.INVOICE, answer(400, "x" * 10**6), NOW).reason) < 350


@pytest.mark.parametrize("code", [22, "23"])
def test_of_what_is_catalogued_stock_and_price_are_told(code):
    result = outcome(Kind.SUGGESTION, answer(400, {"errorResponse": {"Code": code, "Message": "m"}}), NOW)

    assert result == Delivered(follow_up=(Kind.INVENTORY, Kind.PRICE), note=f"already catalogued ({code}: m)")


def test_a_suggestion_that_is_judged_already_is_asked_about():
    result = outcome(Kind.SUGGESTION, answer(400, {"errorResponse": {"Code": 18, "Message": "m"}}), NOW)

    assert result == Delivered(follow_up=(Kind.STATUS,), note="judged already (18: m)")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 422])
def test_a_question_that_is_refused_harms_nothing_and_the_catalogue_is_asked(status):
    result = outcome(Kind.STATUS, answer(status, {"message": "no"}), NOW)

    assert isinstance(result, Delivered)
    assert result.follow_up == (Kind.CATALOG,)


def test_credentials_that_a_question_finds_refused_stop_the_marketplace():
    assert isinstance(outcome(Kind.STATUS, answer(401), NOW), Blocked)


def test_a_404_to_a_suggestion_with_a_code_of_vtexs_is_that_skus_matter():
    def of(code):
        return outcome(Kind.SUGGESTION, answer(404, {"errorResponse": {"Code": code, "Message": "m"}}), NOW)

    assert isinstance(of(16), Retry)
    assert of(11) == GiveUp("answered 404: 11: m")


def test_a_forgotten_suggestion_and_a_missing_identifier_are_told_by_their_codes():
    forgotten, other = answer(404, {"errorResponse": {"Code": 16, "Message": "SuggestionNotFound"}}), answer(404, "nothing here")

    assert (is_forgotten_suggestion(forgotten), is_forgotten_suggestion(other)) == (True, False)
    assert finds_no_identifier(answer(400, {"errorResponse": {"Code": 10}}))
    assert not finds_no_identifier(answer(400, {"errorResponse": {"Code": 11}}))
    assert not finds_no_identifier(Reply(None, failure="no answer"))


def test_other_suggestion_codes_keep_their_meaning():
    def of(code):
        return outcome(Kind.SUGGESTION, answer(400, {"errorResponse": {"Code": code, "Message": "m"}}), NOW)

    assert of(10) == GiveUp("answered 400: 10: m")
    assert isinstance(of(99), Retry)
    assert isinstance(of(33), Blocked)


@pytest.mark.parametrize(
    "text", ["Order is already canceled", "order 1 has already been cancelled", "already in status 'canceled'", "O pedido já foi cancelado"]
)
def test_cancelling_what_is_cancelled_is_done(text):
    assert isinstance(outcome(Kind.CANCEL, answer(409, {"error": {"code": "1", "message": text}}), NOW), Delivered)


@pytest.mark.parametrize("text", ["already invoiced and cannot be canceled", "cannot cancel: partially invoiced", ""])
def test_cancelling_what_cannot_be_cancelled_is_given_up(text):
    assert isinstance(outcome(Kind.CANCEL, answer(400, text), NOW), GiveUp)


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_a_document_for_an_order_that_the_marketplace_does_not_know_is_given_up(kind):
    result = outcome(kind, answer(404, {"error": {"code": "OMS003", "message": "Order Not Found"}}), NOW)

    assert isinstance(result, GiveUp)
    assert "does not know this order" in result.reason


@given(
    st.sampled_from(KINDS),
    st.integers(100, 999),
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "Message", "data"]), inner),
        ).map(json.dumps),
    ),
    st.dictionaries(st.sampled_from(["Retry-After", "Date", "Location", "x-vtex-error-message"]), st.text()),
)
def test_no_answer_whatever_breaks_the_table(kind, status, text, headers):
    result = outcome(kind, Reply(status, text, headers), NOW)

    assert isinstance(result, (Delivered, Retry, Blocked, GiveUp))
    if isinstance(result, Delivered):
        assert 200 <= status < 300 or status == 404 or kind in (Kind.SUGGESTION, Kind.STATUS, Kind.CANCEL)
    else:
        assert result.reason
        assert result.reason.isprintable()


def test_a_deeply_nested_body_is_only_a_complaint():
    assert isinstance(outcome(Kind.INVOICE, answer(400, "[" * 100_000), NOW), GiveUp)
