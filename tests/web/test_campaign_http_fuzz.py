"""The HTTP campaign's short form. `make campaign PART=http-fuzz ARGS="--times 100000"` is the long one."""

import random

from campaigns import http_fuzz
from campaigns.http_judge import Answer, faults
from campaigns.http_spoiling import Spoiler
from cases import SEED, cases
from web_world import CART, order


def test_whatever_is_sent_nothing_fails_and_orders_are_taken_as_ever(tmp_path):
    figures = http_fuzz.main(cases(5000), SEED, folder=tmp_path)

    assert figures.faults == [], figures
    assert {200, 400, 404, 405, 0} <= set(figures.statuses)


def test_the_same_seed_sends_the_same_requests():
    one, same, other = (Spoiler(random.Random(seed), CART, order, "x") for seed in (1, 1, 2))
    sent = [[spoiler.next() for _ in range(50)] for spoiler in (one, same, other)]

    assert sent[0] == sent[1] != sent[2]


def test_the_judge_sees_a_failure_a_page_and_an_error_of_another_shape():
    page = Answer(500, {b"content-type": b"text/html"}, b"<html>Traceback</html>")

    assert len(list(faults(page, b"POST /pvt/orders HTTP/1.1"))) >= 4
    assert list(faults(Answer(200, {b"content-type": b"application/json"}, b"{}"), b"GET /healthz HTTP/1.1")) == []
