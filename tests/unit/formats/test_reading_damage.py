"""Bytes that are not as they should be: what is refused, on which line, and what goes on."""

import csv
import errno
import io
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connector.errors import FileRefused, FileUnreadable
from connector.feeds import FEEDS, open_reading
from connector.formats import cutting, lines
from connector.formats.layout import Layout
from connector.formats.trouble import unreadable

UTC = ZoneInfo("UTC")
ACKS = FEEDS["acks"]


def read(path, content, *, feed=ACKS, layout=None):
    path.write_bytes(content)
    batches = list(open_reading(feed, path, layout or Layout(), timezone=UTC).batches())
    rows = [(line, row) for batch in batches for line, row in batch.rows]
    return rows, [(r.line, r.reason) for batch in batches for r in batch.rejections]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "acks.csv"


HEAD = b"order_id;status;message\n"


def row(order, message):
    return (order, "accepted", "", message)


def test_a_line_that_is_not_utf8_in_a_utf8_file_is_refused(path):
    rows, refused = read(path, HEAD + "a;accepted;não\nb;accepted;".encode() + b"n\xe3o\nc;accepted;x\n")

    assert rows == [(2, row("a", "não")), (4, row("c", "x"))]
    assert refused == [(3, "the file is UTF-8, but this line is not")]


def test_a_line_of_utf8_in_a_cp1252_file_is_refused(path):
    rows, refused = read(path, HEAD + b"a;accepted;n\xe3o\nb;accepted;\x80\nc;accepted;cal\xc3\xa7a\nd;accepted;\x81\n")

    assert rows == [(2, row("a", "não")), (3, row("b", "€"))]
    assert refused == [
        (4, "the file is cp1252, but this line holds UTF-8"),
        (5, "the line holds a byte that cp1252 does not know"),
    ]


@pytest.mark.parametrize("end", [b"\n\x1a", b"\r\n\x1a", b"\r\x1a", b"\x1a", b"\n" + b"\x1a" * 90])
def test_the_mark_that_dos_programs_end_a_file_with_is_no_row(path, end):
    newline = end.rstrip(b"\x1a") or b"\n"
    rows, refused = read(path, HEAD.replace(b"\n", newline) + b"a;accepted;x" + end)

    assert rows == [(2, row("a", "x"))]
    assert refused == []


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_blank_lines_count_as_lines_and_are_nothing_else(path, ending):
    rows, refused = read(path, ending.join([b"", HEAD.strip(), b"a;accepted;x", b"", b"  ", b"b;accepted;y"]))

    assert rows == [(3, row("a", "x")), (6, row("b", "y"))]
    assert refused == []


def test_an_unclosed_quotation_mark_costs_its_own_line(path):
    rows, refused = read(path, HEAD + b'a;accepted;"x\nb;accepted;y\nc;accepted;"z"\nd;accepted;"u\nv"\n')

    assert [line for line, _ in rows] == [3, 4, 5]
    assert rows[-1][1] == row("d", "u\nv")
    assert [line for line, _ in refused] == [2]


def test_a_quoted_field_that_takes_in_a_whole_row_is_refused(path):
    rows, refused = read(path, HEAD + b'a;accepted;"x\nb";accepted;y\nc;accepted;z\n')

    assert rows == [(3, row('b"', "y")), (4, row("c", "z"))]
    assert refused == [(2, "its quoted field takes in line 3, which is a row of its own; close or double the quotation mark")]


def test_a_quotation_mark_within_a_field_is_a_letter(path):
    assert read(path, HEAD + b'a;accepted;TV 32" LED\n')[0] == [(2, row("a", 'TV 32" LED'))]


def test_a_delimiter_at_the_end_of_every_data_row_is_refused_by_line(path):
    rows, refused = read(path, HEAD + b"a;accepted;x;\nb;accepted\n")

    assert rows == []
    assert refused == [
        (2, "the line has 4 fields, the header 3; it ends with a delimiter that the header has not"),
        (3, "the line has 2 fields, the header 3"),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        ("order_id;status\n".encode("utf-16"), "UTF-16"),
        ("order_id;status\n".encode("utf-16-le"), "NUL"),
        (b"PK\x03\x04" + b"x" * 99, "ZIP"),
        (bytes(range(1, 9)) * 20, "binary"),
        (b"foo;bar\n1;2\n", "no header"),
        (b"order_id;status;Status\n", "more than once"),
        (b"x" * (lines.LONGEST_LINE + lines.CHUNK + 1), "longer than"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused(path, content, why):
    with pytest.raises(FileRefused, match=why):
        read(path, content)


def test_records_across_chunks_keep_their_lines(path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK", 64)
    content = HEAD + b"".join(b'%d;accepted;"x\ny%d"\n' % (at, at) for at in range(50))

    rows, refused = read(path, content)

    assert refused == []
    assert rows == [(2 + 2 * at, row(str(at), f"x\ny{at}")) for at in range(50)]


def test_many_unclosed_quotation_marks_cost_bounded_time(path):
    content = HEAD + b'a;accepted;"x\n' + b"b;accepted;y\n" * (cutting.MOST_LINES * 2)

    rows, refused = read(path, content)

    assert len(rows) == cutting.MOST_LINES * 2
    assert [line for line, _ in refused] == [2]


ACCENTS = "áéíóúâêôãõçÁÉÍÓÚÂÊÔÃÕÇ"  # in cp1252 no two of these are by chance a letter of UTF-8
LETTERS = st.sampled_from([chr(code) for code in range(32, 127)] + list(ACCENTS))
WORD = st.text(LETTERS, min_size=1, max_size=12).map(str.strip).filter(lambda word: word.replace('"', ""))
MESSAGE = st.text(st.one_of(LETTERS, st.sampled_from('\n";,\t|')), max_size=20).map(str.strip)


def written(table, delimiter, quoting, ending):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=ending).writerows(table)
    return text.getvalue()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(WORD, st.just("accepted"), MESSAGE), min_size=1, max_size=8),
    style=st.tuples(st.sampled_from(";,\t|"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"])),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
)
def test_what_was_written_is_read_to_the_letter(path, table, style, encoding):
    """But for one case that is refused on purpose: a quoted field each of whose lines has by itself the fields of a row."""
    for record in table:
        physical = written([record], *style).rstrip("\r\n").split("\n")
        assume(len(physical) == 1 or any(line.count(style[0]) != 2 for line in physical))
    content = written([("order_id", "status", "message"), *table], *style)

    rows, refused = read(path, content.encode(encoding))

    assert refused == []
    assert [values for _, values in rows] == [row(order, message) for order, _, message in table]


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(
                [HEAD, b'"', b";", b"\n", b"\r", b"a", b"\xe7", b"\xc3\xa7", b"\x00", b"\xef\xbb\xbf", b"accepted", b'""', b","]
            ),
            max_size=60,
        ).map(lambda parts: HEAD + b"".join(parts)),
    )
)
def test_any_bytes_end_in_rows_rejections_or_a_refused_file(path, content):
    try:
        rows, refused = read(path, content)
    except FileRefused:
        return
    numbers = [line for line, _ in rows] + [line for line, _ in refused]

    assert len(set(numbers)) == len(numbers)
    assert all(1 < line <= content.count(b"\n") + content.count(b"\r") + 1 for line in numbers)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE])
def test_what_its_reader_lacks_is_no_fault_of_a_file(number):
    assert isinstance(unreadable(Path("p.csv"), OSError(number, os.strerror(number))), FileUnreadable)


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "gone"), OSError("File contains no valid workbook part")])
def test_a_file_that_is_not_there_or_no_workbook_is_refused(error):
    assert isinstance(unreadable(Path("p.xlsx"), error), FileRefused)


def test_a_record_of_an_ocoren_far_too_long_leaves_the_lines_after_it_their_numbers(tmp_path):
    path, event = tmp_path / "x.txt", "34212ABC34501DE35  0000123450124112026120000"
    path.write_text("\n".join(["000", "340" + "x" * 2500, event, "342 broken", ""]))
    reading = open_reading(FEEDS["tracking"], path, Layout(), timezone=ZoneInfo("UTC"))
    batches = list(reading.batches())

    assert [line for batch in batches for line, _ in batch.rows] == [3]
    assert {one.line for batch in batches for one in batch.rejections} == {2, 4}
