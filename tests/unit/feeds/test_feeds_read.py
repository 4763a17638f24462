import signal
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.errors import FileRefused, SettingsError
from connector.feeds import FEEDS, open_reading
from connector.formats.layout import Layout
from connector.storage import tables

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
LONG = 100_000
CPU_SECONDS = 30
"""A hundred times what it takes, and a part of what it takes to try each place of such a cell with each length."""


@pytest.fixture
def read(tmp_path):
    def read(feed, content, *, layout=None, trailer="", name="file.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reading = open_reading(FEEDS[feed], path, layout or Layout(), timezone=SAO_PAULO, trailer=trailer)
        batches = list(reading.batches())
        rows = [row for batch in batches for row in batch.rows]
        return rows, [rejection for batch in batches for rejection in batch.rejections], reading

    return read


@pytest.mark.parametrize("feed", ["products", "prices", "stock", "services", "freight"])
def test_a_catalog_feed_has_the_fields_of_its_snapshot_table(feed):
    columns = {column.name for column in tables.metadata.tables[feed].columns} - {"file", "line"}
    assert set(FEEDS[feed].fields) == columns


def test_stock_rows_keep_their_skus_to_the_letter(read):
    rows, rejections, reading = read("stock", "SKU ;Quantity\r\n000123;5\r\nNA;-2\r\n1e5;1.000\r\nnull;0\r\n")

    assert rows == [(2, ("000123", "", 5)), (3, ("NA", "", -2)), (4, ("1e5", "", 1000)), (5, ("null", "", 0))]
    assert rejections == []
    assert reading.rows_read == 4


@pytest.mark.parametrize("text", ["１２", "1_000", "٣", "1e3", "0x1", "", "1,5", "nan", "--1", "1 000", "9" * 16])
def test_what_is_no_ascii_number_is_refused(read, text):
    rows, [rejection], _ = read("stock", f"sku;quantity\na;{text}\nb;1\n")

    assert rows == [(3, ("b", "", 1))]
    assert (rejection.line, rejection.column, rejection.value, rejection.key) == (2, "quantity", text, ("a", ""))
    assert rejection.record == {"sku": "a", "quantity": text}


@pytest.mark.parametrize(
    ("others", "text", "cents"),
    [
        ("", "1.234", 123400),
        ("x;12,50\n", "1.234", 123400),
        ("x;12.50\n", "1,234", 123400),
        ("x;12,50\ny;12.50\n", "1.234", 123400),
        ("", "R$ 1.234,56", 123456),
        ("", "1,234.56", 123456),
        ("", "19.9", 1990),
        ("", "12,5000", 1250),
        ("", "0", 0),
        ("", ",50", 50),
    ],
)
def test_the_decimal_mark_is_found_by_evidence(read, others, text, cents):
    rows, rejections, _ = read("prices", f"sku;price\na;{text}\n{others}")

    assert rejections == []
    assert rows[0] == (2, ("a", "", "", cents, cents, None))


def test_more_than_two_decimals_of_money_are_refused(read):
    rows, rejections, _ = read("prices", "sku;price\na;1.234\nb;12.50\nc;0.125\nd;-1\n")

    assert [row[0] for row in rows] == [3]
    assert [(r.line, r.reason) for r in rejections] == [
        (2, "an amount of money has at most two decimals"),
        (4, "an amount of money has at most two decimals"),
        (5, "it is negative"),
    ]


def test_a_mark_that_the_layout_fixes_is_not_looked_for(read):
    rows, rejections, _ = read("prices", "sku;price\na;12.50\nb;1.234\n", layout=Layout(decimal=","))

    assert [row[1][3] for row in rows] == [123400]
    assert [(r.line, r.reason) for r in rejections] == [(2, "it is no number with a decimal comma")]


def test_a_list_price_below_the_price_is_raised_and_noted(read):
    rows, _, reading = read("prices", "sku;price;list_price\na;10;8\nb;10;\nc;10;12\n")

    assert [row[1][4] for row in rows] == [1000, 1000, 1200]
    assert "1 list prices below the price were raised to it" in reading.notes


def test_a_day_of_validity_lasts_to_its_end(read):
    rows, rejections, _ = read(
        "prices", "sku;price;valid_until\na;1;31/12/2026\nb;1;2026-12-31T18:00:00-03:00\nc;1;31/12/9999\nd;1;31/02/2026\n"
    )

    assert [row[1][5] for row in rows] == [datetime(2027, 1, 1, 3, tzinfo=UTC), datetime(2026, 12, 31, 21, tzinfo=UTC), None]
    assert [(r.line, r.reason) for r in rejections] == [(5, "there is no such day or time")]


def test_a_product_row_is_read_whole(read):
    rows, rejections, _ = read(
        "products",
        "sku;product_id;product_name;brand;category;weight;height;images;active;product_spec:Tecido;sku_spec:Cor;foo\n"
        "1;p;Camiseta;Acme;Roupas;0,350;2,5;frente=https://x.test/a?b=c|https://x.test/2.jpg;N;Algodão;Azul;z\n",
    )

    assert rejections == []
    assert dict(zip(FEEDS["products"].fields, rows[0][1], strict=True)) == {
        "sku": "1",
        "product_id": "p",
        "product_name": "Camiseta",
        "sku_name": "Camiseta",
        "description": "",
        "brand": "Acme",
        "category": "Roupas",
        "ean": "",
        "ref_id": "",
        "height_cm": 2.5,
        "width_cm": 0.0,
        "length_cm": 0.0,
        "weight_g": 350,
        "measurement_unit": "un",
        "unit_multiplier": 1.0,
        "images": '[["frente","https://x.test/a?b=c"],["","https://x.test/2.jpg"]]',
        "active": False,
        "product_specs": '{"Tecido":"Algodão"}',
        "sku_specs": '{"Cor":"Azul"}',
    }


def test_a_freight_sheet_is_read_in_vtex_columns(read):
    rows, rejections, _ = read(
        "freight",
        "ZipCodeStart,ZipCodeEnd,WeightStart,WeightEnd,AbsoluteMoneyCost,PricePercent,PriceByExtraWeight,TimeCost\n"
        "01000-000,1999999,0,1000,10.50,0.5,0.0012,2.00:00:00\n2,1,0,1,1,0,0,1\n3,4,0,1,1,0,0,x\n",
    )

    assert rows == [(2, ("01000000", "01999999", "", 0, 1000, 1050, "0.5", "0.12", 0, 172800, "", 0))]
    assert [(r.line, r.column, r.key) for r in rejections] == [(3, "ZipCodeEnd", None), (4, "TimeCost", None)]


def test_a_brazilian_range_of_codes_too_short_for_any_cep_is_refused_with_what_to_write(read):
    ranges = ["01000;19999;BRA", "00001000;00019999;BRA", "0;0;BRA", "0;99999;BRA", "1000000;1999999;BRA", "1000;9999;ARG", "1000;9999;"]
    head = "ZipCodeStart;ZipCodeEnd;Country;WeightStart;WeightEnd;AbsoluteMoneyCost;TimeCost\n"
    rows, rejections, _ = read("freight", head + "".join(f"{one};0;1000;10,50;1\n" for one in ranges))

    assert [line for line, _ in rows] == [4, 5, 6, 7, 8]
    assert [(r.line, r.column) for r in rejections] == [(2, "ZipCodeEnd"), (3, "ZipCodeEnd")]
    assert "no CEP is as low: write all 8 digits of a code, such as 01000000 to 19999999" in rejections[0].reason


@pytest.mark.parametrize("number", ["1 2", "1#2", "1/2"])
def test_an_invoice_number_that_vtex_cannot_track_is_refused(read, number):
    _, [rejection], _ = read("invoices", f"order_id;invoice_number;issuance_date;invoice_value\no;{number};2026-11-24;10\n")

    assert (rejection.column, rejection.value) == ("invoice_number", number)


def test_a_cancellation_names_its_return_wholly_or_not_at_all(read):
    rows, [rejection], _ = read(
        "cancellations", "order_id;reason;return_invoice_number;return_issuance_date\na;falta;;\nb;falta;12;\nc;falta;13;24/11/2026\n"
    )

    assert [row[0] for row in rows] == [2, 4]
    assert (rejection.line, rejection.column, rejection.key) == (3, "return_issuance_date", ("b",))


def test_control_characters_refuse_the_row(read):
    rows, rejections, _ = read("stock", b"sku;quantity\na\x00b;1\nc\x1b;1\nd;1\n")

    assert rows == [(4, ("d", "", 1))]
    assert [r.line for r in rejections] == [2, 3]


@pytest.mark.parametrize("feed", sorted(FEEDS))
def test_no_cell_takes_longer_than_its_length_whatever_it_repeats(read, feed):
    columns = [column.name for column in FEEDS[feed].columns]
    lines = [
        ";".join(start + piece * (LONG // len(piece)) + end if name == one else "1" for name in columns)
        for one in columns
        for start, piece in (("", "x"), ("", "9."), ("", "1.000"), ("", "- "), ("", "="), ("https://", "x"), ("a=https://", "x"))
        for end in ("|", " !")
    ]

    def too_long(*_):
        raise TimeoutError(feed)

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        _, _, reading = read(feed, "\n".join([";".join(columns), *lines, ""]))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert reading.rows_read == len(lines)


def test_a_missing_required_column_is_named(read):
    with pytest.raises(FileRefused, match="required column is missing: quantity"):
        read("stock", "sku;quantidade\na;1\n")


def test_unknown_columns_are_named_in_the_notes(read):
    _, _, reading = read("stock", "quantity;foo;sku\n1;x;a\n")

    assert "columns ignored because the feed stock has none of that name: foo" in reading.notes


def test_a_header_of_a_million_columns_makes_a_sentence_that_can_be_read(read):
    _, _, reading = read("stock", "sku;quantity" + ";" * 300_000 + "\na;1" + ";" * 300_000 + "\n")

    assert len(reading.notes[-1]) < 1000
    assert reading.notes[-1].endswith("the unnamed column 22 and 299980 more")


def test_a_column_name_that_a_terminal_would_obey_is_written_out(read):
    _, _, reading = read("stock", "quantity;\x1b[2Jfoo;sku\n1;x;a\n")

    assert reading.notes[-1].endswith("none of that name: \\x1b[2Jfoo")
    with pytest.raises(FileRefused, match=r"the file has sku, \\x1b\[2Jfoo"):
        read("stock", "sku;\x1b[2Jfoo\na;x\n")


def test_a_layout_that_renames_to_an_unknown_column_is_a_settings_error(read):
    with pytest.raises(SettingsError, match="did you mean quantity"):
        read("stock", "sku;q\na;1\n", layout=Layout(columns={"q": "quantty"}))


def test_a_layout_renames_columns_and_reads_its_dates(read):
    layout = replace(Layout(), columns={"cod": "sku", "preço": "price", "ate": "valid_until"}, dates="ddmmyy")
    rows, rejections, _ = read("prices", "COD; Preço ;ATE\n7;1,00;241126\n", layout=layout)

    assert rejections == []
    assert rows == [(2, ("7", "", "", 100, 100, datetime(2026, 11, 25, 3, tzinfo=UTC)))]


@pytest.mark.parametrize(
    ("last", "holds"), [("TRL;2", True), ("TRL;0002\r\n\r\n", True), ("TRL;2\r\n\x1a", True), ("TRL;3", False), ("c;1", False)]
)
def test_a_trailer_is_held_against_the_rows(read, last, holds):
    content = f"sku;quantity\na;1\nb;x\n{last}"
    if holds:
        assert [row[0] for row in read("stock", content, trailer="TRL;{rows}")[0]] == [2]
        return
    with pytest.raises(FileRefused):
        read("stock", content, trailer="TRL;{rows}")
