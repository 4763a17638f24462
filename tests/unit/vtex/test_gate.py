from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.messages import Blocked, Delivered, GiveUp, Retry
from connector.domain.standing import Circuit, open_for
from connector.vtex.gate import Gate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAILED = Retry("answered 500: no")


def failing(gate, times, now=NOW, *, answered=True):
    return [gate.saw(FAILED, now, f"price {n}", answered=answered) for n in range(times)]


def opened(openings=1):
    gate = Gate(jitter=lambda: 0.5)
    failing(gate, 5)
    for n in range(1, openings):
        gate.half_open()
        gate.admits()
        gate.saw(FAILED, NOW + timedelta(hours=n), "price 1")
    return gate


def test_five_failures_in_a_row_open_the_circuit_for_thirty_seconds():
    gate = Gate(jitter=lambda: 0.5)

    assert failing(gate, 4) == [FAILED] * 4
    assert gate.lets_through
    failing(gate, 5)
    assert gate.blocked == Blocked("failed 5 times in a row: answered 500: no", until=NOW + timedelta(seconds=30))
    assert not gate.admits()


def test_an_answer_between_begins_the_count_anew():
    gate = Gate()
    failing(gate, 4)
    gate.saw(GiveUp("answered 400: no"), NOW, "price 9")
    failing(gate, 4)

    assert gate.lets_through


def test_a_message_that_fails_all_alone_spends_one_attempt_and_opens_nothing():
    gate = Gate()
    said = [gate.saw(FAILED, NOW, "invoice 1") for _ in range(12)]

    assert [outcome.counts for outcome in said] == [True] + [False] * 11
    assert timedelta(minutes=7) < said[-1].after <= timedelta(minutes=15)
    assert gate.lets_through


def test_a_message_spends_its_attempts_where_another_one_is_answered_between():
    gate = Gate()
    for _ in range(12):
        assert gate.saw(FAILED, NOW, "invoice 1") == FAILED
        gate.saw(Delivered(), NOW, "price 1")


def test_a_process_that_takes_over_amid_failures_counts_none_until_something_is_answered_well():
    gate = Gate()
    gate.restore(Circuit(failures=3))

    assert not gate.saw(FAILED, NOW, "invoice 1").counts
    gate.saw(Delivered(), NOW, "price 1")
    assert gate.saw(FAILED, NOW, "invoice 1").counts


def test_a_marketplace_that_does_not_answer_at_all_is_never_one_messages_fault():
    gate = Gate()
    for _ in range(5):
        gate.saw(FAILED, NOW, "invoice 1", answered=False)

    assert gate.blocked is not None


def test_when_its_time_is_over_one_call_tries_and_the_others_wait():
    gate = opened()
    gate.half_open()

    assert [gate.admits() for _ in range(3)] == [True, False, False]


def test_a_call_that_tried_and_succeeded_closes_the_circuit():
    gate = opened()
    gate.half_open()
    gate.admits()
    gate.saw(Delivered(), NOW, "price 1")

    assert (gate.circuit, gate.admits()) == (Circuit(), True)


def test_a_call_that_tried_and_failed_costs_no_attempt_and_opens_it_for_twice_as_long():
    gate = opened()
    gate.half_open()
    gate.admits()
    later = NOW + timedelta(minutes=1)

    assert gate.saw(FAILED, later, "price 1") == Blocked("answered 500: no", until=later, was_sent=True)
    assert gate.blocked.until == later + timedelta(seconds=60)
    assert gate.circuit.openings == 2


def test_a_call_that_was_on_its_way_when_it_opened_costs_no_attempt_and_closes_nothing():
    gate = opened()

    assert gate.saw(FAILED, NOW, "price 6") == Blocked("answered 500: no", until=NOW, was_sent=True)
    gate.saw(Delivered(), NOW, "price 7")
    assert not gate.lets_through


def test_a_message_that_had_nothing_to_send_leaves_the_try_to_the_next_one():
    gate = opened()
    gate.half_open()
    gate.saw(Delivered(note="told already"), NOW, "price 1")

    assert gate.blocked is not None
    assert gate.admits()


def test_what_is_one_messages_own_opens_nothing_and_costs_it_an_attempt_and_one_that_tried_was_answered():
    gate, own = Gate(), Retry("leads nowhere", is_its_own=True)
    failing(gate, 4)

    assert [gate.saw(own, NOW, f"catalog {n % 2}") for n in range(12)] == [own] * 12
    assert (gate.circuit.failures, gate.lets_through) == (4, True)
    gate = opened()
    assert (gate.saw(own, NOW, "catalog 1"), gate.lets_through) == (own, False)
    gate.half_open()
    gate.admits()
    assert (gate.saw(own, NOW, "catalog 1"), gate.circuit) == (own, Circuit())


def test_what_was_not_sent_says_nothing_of_the_marketplace():
    gate = Gate()
    gate.saw(Blocked("stopped before it was sent", until=datetime.min.replace(tzinfo=UTC)), NOW, "price 1")

    assert gate.circuit == Circuit()


def test_a_failed_try_by_hand_shortens_no_longer_wait():
    gate = Gate()
    gate.saw(Blocked("asked to wait", until=NOW + timedelta(hours=9)), NOW, "price 1")
    gate.half_open()
    gate.admits()
    gate.saw(FAILED, NOW, "price 1")

    assert gate.blocked.until == NOW + timedelta(hours=9)


def test_it_stands_as_it_was_remembered():
    gate = Gate()
    gate.restore(opened(3).circuit)

    assert (gate.circuit.openings, gate.lets_through) == (3, False)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_the_circuit_never_stays_open_for_less_than_22_seconds_nor_for_more_than_19_minutes(openings, jitter):
    assert timedelta(seconds=22) < open_for(openings, jitter) < timedelta(minutes=19)
    assert open_for(openings + 1, jitter) >= open_for(openings, jitter)
