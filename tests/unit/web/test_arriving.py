"""When a request is all there: by its bytes, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.web.arriving import LARGEST_BODY, LARGEST_HEAD, Arriving

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n2\r\n\r\n\r\n0\r\n\r\n"
TRAILED = b"POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n"
WHOLE = [GET, POST, CHUNKED, TRAILED]


@pytest.mark.parametrize("sent", WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before(sent):
    arriving = Arriving()

    assert [n for n in range(len(sent)) if arriving.add(sent[n : n + 1])] == [len(sent) - 1]
    assert arriving.end == len(sent)


@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=4), st.integers(1, 40))
def test_requests_sent_behind_one_another_are_told_apart_however_they_are_cut(requests, size):
    sent, arriving, ends = b"".join(requests), Arriving(), []
    for start in range(0, len(sent), size):
        whole = arriving.add(sent[start : start + size])
        while whole:
            ends.append(arriving.end)
            whole = arriving.next()

    assert ends == [len(request) for request in requests]


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
        b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n",
        b"x" * (LARGEST_HEAD + 1),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * LARGEST_BODY,
    ],
)
def test_nothing_is_waited_for_where_the_request_will_be_refused(sent):
    assert Arriving().add(sent)


@given(st.binary(max_size=300), st.integers(1, 9))
def test_whatever_is_sent_it_is_judged(sent, size):
    arriving = Arriving()
    for start in range(0, len(sent), size):
        arriving.add(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" * (start == 0) + sent[start : start + size])

    assert arriving.end is None or arriving.end <= len(arriving.data)
