"""How JSON is read: strictly where it is kept, leniently where one odd value must cost its own line only."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import RequestInvalid
from connector.web.strict_json import parse, parse_quickly

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(PLAIN, st.booleans())
def test_what_is_plain_is_read_as_it_stands_by_both(document, escaped):
    raw = json.dumps(document, ensure_ascii=escaped).encode()

    assert parse(raw, "the body") == document
    assert parse_quickly(raw, "the body") == document


@given(st.binary(max_size=60), st.sampled_from([parse, parse_quickly]))
def test_any_bytes_are_read_or_refused_and_nothing_else_is_raised(raw, read):
    with contextlib.suppress(RequestInvalid):
        read(raw, "the body")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"price": 100, "price": 1}', "price occurs twice"),
        (b'[{"a": NaN}]', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e400}', "a is a number out of range"),
        (b'[{"items": [{"price": 9007199254740993}]}]', "[0].items[0].price is a number out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "out of range"),
        (b'{"a": {"b": "x\\u0000y"}}', "a.b holds the character NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud83d"}', "a holds half of a surrogate pair"),
        (b'{"a": "\xe9"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "no JSON"),
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"a": 1', "line 1"),
        (b"{'a': 1}", "no JSON"),
        (b'{"a": 1} x', "no JSON"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b"[" * 100_000, "deeper than 64"),
        (b'{"a":' * 100_000, "deeper than 64"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused_by_name(raw, said):
    with pytest.raises(RequestInvalid) as refused:
        parse(raw, "the body")

    assert said in refused.value.message


@pytest.mark.parametrize("raw", [b'{"a": NaN}', b'{"a": 1', b"", "[1]".encode("utf-16"), b"[" * 65 + b"]" * 65, b"[" * 100_000, b'"\xff"'])
def test_a_simulation_too_is_refused_where_it_is_no_json(raw):
    with pytest.raises(RequestInvalid):
        parse_quickly(raw, "the body")


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"9" * 6000 + b"]",
        b"[-" + b"9" * 6000 + b"]",
        b'{"a": 1, "a": 2}',
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud83d"}',
        b'{"a": 9007199254740993}',
        b"[" * 64 + b"]" * 64,
    ],
)
def test_in_a_simulation_odd_values_are_left_to_the_line_that_holds_them(raw):
    assert parse_quickly(raw, "the body") is not None


def test_a_byte_order_mark_is_nothing():
    assert parse(b'\xef\xbb\xbf{"a": 1}', "the body") == parse_quickly(b'\xef\xbb\xbf{"a": 1}', "the body") == {"a": 1}


def test_a_depth_of_64_is_read():
    assert parse(b"[" * 64 + b"]" * 64, "the body") == parse_quickly(b"[" * 64 + b"]" * 64, "the body")


def test_a_sound_surrogate_pair_is_a_letter():
    assert parse(b'"\\ud83d\\ude00"', "the body") == "😀"


def test_numbers_keep_their_value():
    assert parse(b"[1e2, 0.1, 9007199254740992]", "the body") == [100.0, 0.1, 2**53]
    assert not math.isnan(parse(b"0.0", "the body"))
