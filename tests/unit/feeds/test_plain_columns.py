"""Reading a column at once gives what reading it cell by cell gives."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connector.feeds import columns
from connector.feeds.columns import Bad, CellReader
from connector.feeds.values import Context, images
from connector.formats.encoding import _MULTIBYTE, may_hold_utf8
from connector.formats.layout import Layout

LAYOUTS = [Layout(), Layout(decimal=","), Layout(decimal="."), Layout(decimal=",", thousands=".")]
AMOUNTS = st.sampled_from(
    ["", "12,50", "0,00", "1234.50", ",50", "1.234", "12", " 7,00", "9,99\t", "1,5", "-1,00", "x", "9" * 13 + ",00", "1\n2,00"]
)
LONG = ["A" * 255, "A" * 256, "😀" * 127, "😀" * 128]
TEXTS = st.sampled_from(["", "Café", " Café", "Café ", "a;b", "a; b", "\tx", "\xa0x", "x\x00", "x\ny", "un", *LONG]) | st.text(max_size=4)
DECLARED = [
    columns.money("price", "price_cents", required=True),
    columns.money("list_price", "list_price_cents"),
    columns.key_text("sku", required=True),
    columns.text("brand"),
    columns.text("unit", empty="un"),
    columns.free_text("description"),
]


def _context(layout, scale="1"):
    return Context(ZoneInfo("America/Sao_Paulo"), layout, lambda: ",", Decimal(scale))


@given(
    st.sampled_from(DECLARED),
    st.sampled_from(LAYOUTS),
    st.sampled_from(["1", "0.01"]),
    st.lists(AMOUNTS, max_size=4) | st.lists(st.sampled_from(["12,50", "1.99", "7,00", ""]), max_size=4) | st.lists(TEXTS, max_size=4),
)
def test_a_column_read_at_once_is_what_its_cells_are_one_by_one(column, layout, scale, cells):
    context = _context(layout, scale)
    at_once, one_by_one = CellReader(column, context), CellReader(column, context)
    assert at_once.column(cells) == [one_by_one[cell] for cell in cells]
    assert at_once.misses == sum(isinstance(one_by_one[cell], Bad) for cell in cells)


def test_plain_amounts_are_read_at_once():
    reader = CellReader(columns.money("price", "price_cents", required=True), _context(Layout()))
    assert reader.column(["12,50", "0.01"]) == [1250, 1]
    assert not reader, "nothing was read cell by cell"


def test_an_empty_text_is_what_its_column_says_among_plain_ones():
    reader = CellReader(columns.text("measurement_unit", empty="un"), _context(Layout()))
    assert reader.column(["kg", "", " "]) == ["kg", "un", "un"]


@given(
    st.sampled_from(["", "Frente", " Frente ", 'a"b', "a:b", "\\"]),
    st.sampled_from(["https://x.example/a?b=c", "HTTPS://x/é", "https://x/\\", "http://x"]),
)
def test_one_plain_image_is_written_as_among_several(name, address):
    context = _context(Layout())
    alone, twice = (images("|".join([f"{name}={address}"] * times), context) for times in (1, 2))
    assert twice == f"[{alone[1:-1]},{alone[1:-1]}]"


@given(st.binary(max_size=6) | st.lists(st.sampled_from([b"\xc2", b"\xe1", b"\xf3", b"\x80", b"\xbf", b"a"]), max_size=8).map(b"".join))
def test_a_letter_of_utf8_is_found_wherever_one_could_be(piece):
    assert may_hold_utf8(piece) == (_MULTIBYTE.search(piece) is not None)
