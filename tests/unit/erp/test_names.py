import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.erp.names import is_name, parts, readable
from connector.errors import UsageError


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"prices/a.csv", "prices/a.csv"),
        ("preços/açúcar.csv".encode(), "preços/açúcar.csv"),
        (b"caf\xe9.csv", "caf%E9.csv"),
        (b"a\nb\x1b[31m.csv", "a%0Ab%1B[31m.csv"),
        (b"100%.csv", "100%.csv"),
        (b"caf%E9.csv", "caf%25E9.csv"),
    ],
)
def test_names_are_readable(raw, name):
    assert readable(raw) == name


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_two_names_never_become_one(first, second):
    assert (readable(first) == readable(second)) == (first == second)


@given(st.binary(max_size=30))
def test_what_is_readable_can_be_printed_and_stored(raw):
    assert readable(raw).isprintable()
    assert readable(raw).encode().decode() == readable(raw)


@given(st.binary(max_size=30))
def test_a_path_is_taken_apart_or_refused_and_never_leads_out(raw):
    try:
        found = parts(raw)
    except UsageError:
        return
    assert all(is_name(part) for part in found)
    assert b"/".join(found) == raw
