"""Several record types in one file: rows, the header records above them, and what is left out."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import FileRefused, SettingsError
from connector.feeds import FEEDS, open_reading
from connector.formats.layout import from_text

DELIMITED = """
delimiter = ";"
[records]
type = 1
rows = "I"
headers = "H"
inherit = { sku = 2 }
[positions]
warehouse = 2
quantity = 3
"""
FIXED = """
[records]
type = [1, 1]
rows = ["2", "3"]
headers = "1"
inherit = { sku = [2, 4] }
[widths]
warehouse = [2, 3]
quantity = [4, 6]
"""


def read(path, text, layout):
    path.write_text(text, encoding="utf-8")
    reading = open_reading(FEEDS["stock"], path, from_text("acme", "acme.toml", layout), timezone=ZoneInfo("UTC"))
    batches = list(reading.batches())
    rows = [(line, *row) for batch in batches for line, row in batch.rows]
    return rows, [(r.line, r.reason) for batch in batches for r in batch.rejections], reading.notes


def test_rows_take_over_what_their_header_record_says(tmp_path):
    rows, bad, notes = read(tmp_path / "s.txt", "F;20261124\nH;001\nI;w1;5\nI;w2;6\nH;002\nI;w1;7\nT;3\n", DELIMITED)

    assert rows == [(3, "001", "w1", 5), (4, "001", "w2", 6), (6, "002", "w1", 7)]
    assert bad == []
    assert notes == ["read as utf-8, records I by layout acme", "records left out: 1 of type F, 1 of type T"]


def test_fixed_width_records_of_several_row_types(tmp_path):
    rows, bad, _ = read(tmp_path / "s.txt", "1001\r\n2w1005\r\n3w2006\r\n9\r\n", FIXED)

    assert rows == [(2, "001", "w1", 5), (3, "001", "w2", 6)]
    assert bad == []


def test_a_row_without_a_header_record_is_refused(tmp_path):
    assert read(tmp_path / "s.txt", "I;w1;5\nH;001\nI;w1;5\n", DELIMITED)[1] == [(1, "no header record stands before it")]


def test_a_bad_header_record_lends_its_rows_nothing_of_the_one_before(tmp_path):
    rows, bad, _ = read(tmp_path / "s.txt", 'H;001\nI;w1;5\nH\nI;w1;6\nH;"002\nI;w1;7\nH;003\nI;w1;8\n', DELIMITED)

    assert rows == [(2, "001", "w1", 5), (8, "003", "w1", 8)]
    assert [line for line, _ in bad] == [3, 4, 5, 6]


def test_unknown_types_are_refused_where_the_layout_names_those_to_skip(tmp_path):
    strict = DELIMITED.replace('rows = "I"', 'rows = "I"\nskip = ["T"]')
    rows, bad, _ = read(tmp_path / "s.txt", "H;001\nQ;x\nI;w1;5\nH;002\nI;w1;6\nT;1\n", strict)

    assert rows == [(5, "002", "w1", 6)]
    assert bad == [
        (2, "its record type 'Q' is none that the layout names"),
        (3, "line 2 above it may be its header record, and is refused"),
    ]


def test_quoted_fields_are_fields(tmp_path):
    assert read(tmp_path / "s.txt", 'H;"0;1"\nI;"w;1";5\n', DELIMITED)[0] == [(2, "0;1", "w;1", 5)]


def test_a_layout_that_does_not_fit_the_file_is_refused(tmp_path):
    with pytest.raises(FileRefused, match=r"line 2, the first row, has 2 fields, but layout acme says quantity = 3"):
        read(tmp_path / "s.txt", "H;001\nI;w1\n", DELIMITED)


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        ('[records]\ntype = 1\nrows = "I"\n', "records"),
        ('delimiter = ";"\n[records]\ntype = [1, 2]\nrows = "I"\n[positions]\nsku = 2\n', "records"),
        ('[records]\ntype = 1\nrows = "I"\n[widths]\nsku = [2, 4]\n', "records"),
        ('starts_with = "2"\n[records]\ntype = [1, 1]\nrows = "2"\n[widths]\nsku = [2, 4]\n', "records"),
        (DELIMITED.replace("sku = 2", "quantity = 2"), "records.inherit"),
        (DELIMITED.replace("sku = 2", "kus = 2"), "records"),
        (DELIMITED.replace('headers = "H"', ""), "records"),
        (DELIMITED.replace('headers = "H"', 'headers = "I"'), "records"),
        (DELIMITED.replace('rows = "I"', "rows = []"), "records"),
        (DELIMITED.replace('rows = "I"', 'row = "I"'), "records"),
        (DELIMITED.replace("type = 1", "type = 0"), "records"),
        (DELIMITED.replace("sku = 2", "sku = [2, 3]"), "records"),
    ],
)
def test_a_layout_that_contradicts_itself_is_named(tmp_path, layout, key):
    with pytest.raises(SettingsError, match=rf"acme\.toml: {key}"):
        read(tmp_path / "s.txt", "H;001\nI;w1;5\n", layout)


LINE = st.one_of(
    st.integers(0, 4).map(lambda n: ("H", f"H;00{n}")),
    st.integers(0, 9).map(lambda n: ("I", f"I;w{n};{n}")),
    st.just(("bad header", "H")),
    st.just(("unclear", 'H;"x')),
    st.just(("other", "P;1")),
)


@given(st.lists(LINE, max_size=40))
def test_a_row_never_has_the_values_of_another_header_than_the_last(tmp_path_factory, lines):
    path = tmp_path_factory.getbasetemp() / "records.txt"
    expected, head = [], ""
    for number, (kind, line) in enumerate(lines, 1):
        if kind == "I" and head:
            _, warehouse, quantity = line.split(";")
            expected.append((number, head, warehouse, int(quantity)))
        elif kind in ("H", "bad header", "unclear"):
            head = line[2:] if kind == "H" else ""

    assert read(path, "".join(f"{line}\n" for _, line in lines), DELIMITED)[0] == expected
