from datetime import UTC, datetime, timedelta

from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Retry
from connector.vtex.routes import Routes

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOWHERE = Blocked("wrong address?", until=NOW, needs_a_person=True, of_its_own="leads nowhere")
AGAIN = Retry("leads nowhere", is_its_own=True)


def message(reference, attempt=1, kind=Kind.PRICE):
    return Message(1, "shop", kind, reference, attempt, "lease")


def led(*references):
    routes = Routes()
    for reference in references or ("B",):
        routes.judged(message(reference), Delivered(), NOW)
    return routes


def strays(routes, reference, attempt=1, now=NOW, kind=Kind.PRICE):
    return routes.judged(message(reference, attempt, kind), NOWHERE, now)


def test_a_404_is_everybodys_until_another_sku_was_answered():
    routes = led("A")

    assert strays(Routes(), "A") == strays(routes, "A") == NOWHERE
    assert strays(routes, "B", kind=Kind.INVENTORY) == NOWHERE, "another kind's address is another one"
    assert strays(routes, "B") == AGAIN


def test_another_sku_was_answered_also_where_the_same_one_was_since():
    assert strays(led("B", "A", "A"), "A") == AGAIN


def test_a_first_404_is_tried_again_however_often_its_message_was_tried_for_other_reasons():
    assert strays(led(), "A", attempt=11) == AGAIN


def test_a_sku_whose_404_lasts_is_given_up_after_some_tries():
    routes = led()

    assert [strays(routes, "A", attempt) for attempt in range(1, 6)] == [AGAIN] * 4 + [GiveUp("leads nowhere")]


def test_a_good_answer_forgets_that_its_sku_had_no_way():
    routes = led()
    strays(routes, "A", attempt=5)
    routes.judged(message("A"), Delivered(), NOW)

    assert strays(routes, "A", attempt=5) == AGAIN


def test_more_than_three_skus_without_a_way_within_ten_minutes_are_the_address_whoever_is_answered_between():
    routes = led()
    for reference in ("S1", "S2", "S3"):
        assert strays(routes, reference) == AGAIN
        routes.judged(message("B"), Delivered(), NOW)

    assert strays(routes, "S4") == NOWHERE
    assert strays(routes, "S1") == NOWHERE, "nobody was answered since"
    routes.judged(message("B"), Delivered(), NOW)
    assert (strays(routes, "S1"), strays(routes, "S4")) == (AGAIN, NOWHERE)


def test_skus_that_had_no_way_ten_minutes_ago_are_forgotten():
    routes = led()
    for n in range(1000):
        assert strays(routes, f"S{n}", now=NOW + n * timedelta(minutes=4)) == AGAIN
