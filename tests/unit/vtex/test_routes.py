from datetime import UTC, datetime, timedelta

from connector.domain.messages import Blocked, Delivered, GiveUp, Kind, Message, Retry
from connector.vtex.routes import MOST_KNOWN, REST, Routes

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOWHERE = Blocked("wrong address?", until=NOW, needs_a_person=True, of_its_own="leads nowhere")
AGAIN = Retry("leads nowhere", is_its_own=True)
WAITS = Retry("leads nowhere", after=REST, counts=False, is_its_own=True)
DEAD = GiveUp("leads nowhere")


def message(reference, attempt=1, kind=Kind.PRICE):
    return Message(1, "shop", kind, reference, attempt, "lease")


def leads(routes, reference):
    routes.judged(message(reference), Delivered(), NOW)


def led(*references):
    routes = Routes()
    for reference in references or ("B",):
        leads(routes, reference)
    return routes


def strays(routes, reference, attempt=1, now=NOW, kind=Kind.PRICE):
    return routes.judged(message(reference, attempt, kind), NOWHERE, now)


def answered_between(routes, reference, attempts, now=NOW):
    """Let a SKU stray again and again, with another one answered before each time."""
    said = []
    for attempt in attempts:
        leads(routes, "B")
        said.append(strays(routes, reference, attempt, now))
    return said


def test_a_404_is_everybodys_until_another_sku_was_answered():
    routes = led("A")

    assert strays(Routes(), "A") == strays(routes, "A") == NOWHERE
    assert strays(routes, "B", kind=Kind.INVENTORY) == NOWHERE, "another kind's address is another one"
    assert strays(routes, "B") == AGAIN


def test_another_sku_was_answered_also_where_the_same_one_was_since():
    assert strays(led("B", "A", "A"), "A") == AGAIN


def test_a_first_404_is_tried_again_however_often_its_message_was_tried_for_other_reasons():
    assert strays(led(), "A", attempt=11) == AGAIN


def test_a_sku_whose_404_lasts_while_others_are_answered_is_given_up_after_some_tries():
    assert answered_between(Routes(), "A", range(1, 6)) == [AGAIN] * 4 + [DEAD]


def test_a_sku_pays_for_its_404_once_while_nobody_else_is_answered():
    routes = led()

    assert [strays(routes, "A", attempt) for attempt in (4, 5, 5)] == [AGAIN, WAITS, WAITS]
    assert answered_between(routes, "A", [5]) == [DEAD]


def test_a_good_answer_forgets_that_its_sku_had_no_way():
    routes = led()
    strays(routes, "A", attempt=5)
    leads(routes, "A")

    assert strays(routes, "A", attempt=5) == AGAIN


def test_more_than_three_skus_that_lose_their_way_with_nobody_answered_between_are_the_address():
    routes = led()

    assert [strays(routes, f"S{n}") for n in range(6)] == [AGAIN] * 3 + [NOWHERE] * 3
    assert strays(routes, "S1") == NOWHERE
    leads(routes, "B")
    assert [strays(routes, f"S{n}") for n in range(6)] == [AGAIN] * 6, "three of them are known to have none"


def test_skus_that_are_known_to_have_no_way_stop_nobody_where_they_alone_are_left():
    routes = Routes()
    for n in range(20):
        answered_between(routes, f"S{n}", [1])

    assert [strays(routes, f"S{n}") for n in range(19)] == [AGAIN] * 19
    assert [strays(routes, f"S{n}") for n in range(20)] == [WAITS] * 20


def test_no_more_than_three_skus_are_given_up_within_ten_minutes_whoever_is_answered_between():
    routes = Routes()
    said = [answered_between(routes, f"S{n}", [4, 5])[-1] for n in range(5)]

    assert said == [DEAD] * 3 + [WAITS] * 2
    assert answered_between(routes, "S4", [5], NOW + timedelta(minutes=9)) == [WAITS]
    assert answered_between(routes, "S4", [5], NOW + timedelta(minutes=10)) == [DEAD]


def test_of_many_skus_without_a_way_the_first_ones_are_forgotten():
    routes = Routes()
    for n in range(MOST_KNOWN + 1):
        answered_between(routes, f"S{n}", [5])

    assert answered_between(routes, "S1", [5]) == [DEAD]
    assert answered_between(routes, "S0", [5]) == [AGAIN]
