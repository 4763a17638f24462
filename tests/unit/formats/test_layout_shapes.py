"""What a layout makes of a file's columns: constants, joins, value maps, units, marks, positions."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import FileRefused, SettingsError
from connector.feeds import FEEDS, open_reading
from connector.formats.layout import from_text
from connector.formats.layout_parts import Join
from connector.formats.numbers import ungrouped


@pytest.fixture
def read(tmp_path):
    def read(text, layout, feed="prices"):
        path = tmp_path / "export.csv"
        path.write_text(text, encoding="utf-8", newline="")
        reading = open_reading(FEEDS[feed], path, from_text("acme", "acme.toml", layout), timezone=ZoneInfo("America/Sao_Paulo"))
        batches = list(reading.batches())
        rows = [dict(zip(FEEDS[feed].fields, row, strict=True)) for batch in batches for _, row in batch.rows]
        return rows, [r for batch in batches for r in batch.rejections], reading.notes

    return read


def test_a_join_writes_several_columns_as_one_and_they_are_not_called_unknown(read):
    rows, refused, notes = read("COD;COR;X;price\n10;AZ;?;1,50\n11;;?;2\n", '[joins]\nsku = "{COD}-{cor}"\n')

    assert [row["sku"] for row in rows] == ["10-AZ", "11"]
    assert refused == []
    assert notes[1:] == ["columns ignored because the feed prices has none of that name: X"]


def test_a_join_takes_the_place_of_a_column_that_has_its_name(read):
    rows, _, _ = read("sku;COR;price\n10;AZ;1\n", '[joins]\nsku = "{sku}.{COR}"\n')

    assert [row["sku"] for row in rows] == ["10.AZ"]


def test_a_join_finds_a_column_that_was_renamed_by_the_files_own_name(read):
    rows, _, _ = read("COD;COR;price\n10;AZ;1\n", '[columns]\n"COD" = "sku"\n[joins]\nsku = "{COD}/{COR}"\n')

    assert [row["sku"] for row in rows] == ["10/AZ"]


def test_a_join_of_a_column_that_is_not_there_refuses_the_file_by_name(read):
    with pytest.raises(FileRefused, match="joins sku of columns that the file lacks: COR"):
        read("COD;price\n10;1\n", '[joins]\nsku = "{COD}-{COR}"\n')


def test_a_join_that_another_feed_needs_is_left_alone(read):
    rows, _, _ = read("sku;price\n10;1\n", '[joins]\ncategory = "{GRUPO}/{SUBGRUPO}"\n')

    assert len(rows) == 1


def test_a_row_that_cannot_be_cut_keeps_the_key_that_its_join_comes_to(read):
    _, refused, _ = read("COD;COR;price\n10;AZ;1;2\n11;BR\n12\n", '[joins]\nsku = "{COD}-{COR}"\n')

    assert [row.key for row in refused] == [("10-AZ", "", ""), ("11-BR", "", ""), None]


def test_a_constant_stands_in_for_a_column_that_the_file_lacks(read):
    rows, _, notes = read("sku;price\n10;1\n11;2\n", '[constants]\nsales_channel = 2\nbrand = "Acme"\n')

    assert [row["sales_channel"] for row in rows] == ["2", "2"]
    assert len(notes) == 1


def test_a_constant_can_be_a_required_column(read):
    rows, _, _ = read(
        "sku;product_id;product_name;category;weight\n1;1;A;B;2\n", '[constants]\nbrand = "Acme"\nactive = true\n', "products"
    )

    assert (rows[0]["brand"], rows[0]["active"]) == ("Acme", True)


def test_the_files_own_column_wins_over_a_constant_and_that_is_said(read):
    rows, _, notes = read("sku;price;sales_channel\n10;1;3\n", '[constants]\nsales_channel = "2"\n')

    assert rows[0]["sales_channel"] == "3"
    assert "the constant of sales_channel is not used: the file has the column" in notes


def test_values_are_replaced_case_and_blanks_aside_and_others_stay_to_be_judged(read):
    text = "sku;product_id;product_name;brand;category;weight;active\n"
    text += "".join(f"{n};1;A;B;C;1;{value}\n" for n, value in enumerate(["A", " i ", "", "X"]))
    rows, refused, _ = read(text, '[values.active]\nA = 1\nI = 0\n"" = 0\n', "products")

    assert [row["active"] for row in rows] == [True, False, False]
    assert [(row.line, row.column, row.value) for row in refused] == [(5, "active", "X")]


def test_units_are_turned_into_ours_to_the_gram_the_centimetre_and_the_cent(read):
    head = "sku;product_id;product_name;brand;category;weight;height;width;length\n"
    units = '[units]\nweight = "g"\nheight = "mm"\nwidth = "m"\nlength = "cm"\nprice = "cents"\n'
    rows, _, _ = read(head + "1;1;A;B;C;250;123;0,4;20\n", units, "products")

    assert [rows[0][name] for name in ("weight_g", "height_cm", "width_cm", "length_cm")] == [250, 12.3, 40.0, 20.0]
    rows, refused, _ = read("sku;price;list_price\n1;1990;29,90\n2;19,5;30\n", units)
    assert [(row["price_cents"], row["list_price_cents"]) for row in rows] == [(1990, 2990)]
    assert [row.column for row in refused] == ["price"]


@pytest.mark.parametrize(
    ("decimal", "thousands", "good", "bad"),
    [
        (",", ".", "1.234,50", "1 234,50"),
        (",", " ", "1 234,50", "1.234,50"),
        (".", "'", "1'234.50", "12'34.50"),
        (".", ",", "1,234.50", "1.234,50"),
        (",", "none", "1234,50", "1.234,50"),
    ],
)
def test_the_thousands_mark_is_the_layouts(read, decimal, thousands, good, bad):
    rows, refused, _ = read(f'sku;price\n1;{good}\n2;"{bad}"\n', f'delimiter = ";"\ndecimal = "{decimal}"\nthousands = "{thousands}"\n')

    assert [row["price_cents"] for row in rows] == [123450]
    assert [row.value for row in refused] == [bad]


@given(st.integers(0, 10**12), st.sampled_from(". '"))
def test_a_number_grouped_as_people_group_it_is_the_number(value, thousands):
    assert Decimal(ungrouped(f"{value:,}".replace(",", thousands), thousands, ",")) == value


@given(st.text(alphabet="0123456789.,' -", max_size=12))
def test_no_mark_is_left_in_what_was_ungrouped(text):
    plain = ungrouped(text, "'", ",")

    assert plain is None or "'" not in plain.partition(",")[0]


@given(st.lists(st.tuples(st.text("-/ ", max_size=2), st.text("ab", min_size=1, max_size=3)), min_size=1, max_size=4))
def test_a_join_of_full_columns_is_its_template_filled_in(pieces):
    cells = [cell for _, cell in pieces]

    assert Join(tuple((before, "X") for before, _ in pieces)).written(cells) == "".join(before + cell for before, cell in pieces)


def test_a_file_without_header_is_read_by_position(read):
    rows, refused, notes = read('10;"a;b";1,50;x\n11;c;zero;y\n', "[positions]\nsku = 1\nprice = 3\n")

    assert [(row["sku"], row["price_cents"]) for row in rows] == [("10", 150)]
    assert [(row.line, row.column, row.value, row.key) for row in refused] == [(2, "price", "zero", ("11", "", ""))]
    assert notes == [
        "read as utf-8, delimiter semicolon, columns by position by layout acme",
        "columns ignored because the feed prices has none of that name: column 2, column 4",
    ]


def test_columns_by_position_can_be_joined_by_place_or_by_any_name(read):
    rows, _, notes = read("10;AZ;1,50\n", '[positions]\nCOD = 1\nprice = 3\n[joins]\nsku = "{COD}-{column 2}"\n')

    assert rows[0]["sku"] == "10-AZ"
    assert len(notes) == 1


def test_a_position_beyond_the_first_line_refuses_the_file(read):
    with pytest.raises(FileRefused, match=r"its first line has 2 fields, but layout acme says price = 5"):
        read("10;20\n", "[positions]\nsku = 1\nprice = 5\n")


def test_files_of_one_dialect_may_have_different_names_for_a_column_but_a_file_only_one_of_them(read):
    layout = '[columns]\nB1_COD = "sku"\nB2_COD = "sku"\n'

    assert read("B1_COD;price\n1;1\n", layout)[0] == read("B2_COD;price\n1;1\n", layout)[0]
    with pytest.raises(FileRefused, match="names the column sku more than once"):
        read("B1_COD;B2_COD;price\n1;1;1\n", layout)


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ('[constant]\nbrand = "A"', "did you mean constants"),
        ('[constants]\nbrnad = "A"', "did you mean brand"),
        ("[constants]\nbrand = 1.5", "text that stands in every row"),
        ('[joins]\nsku = "COD-COR"', "THEIR COLUMN"),
        ('[joins]\nsku = "{COD}-{COR"', "THEIR COLUMN"),
        ('[joins]\nskuu = "{COD}"', "did you mean sku"),
        ('[values]\nactive = "A"', r"values.OUR_NAME"),
        ("[values.active]\nA = 1\na = 0", "each of their values once"),
        ("[values.activ]\nA = 1", "did you mean active"),
        ('[units]\nweight = "mm"', 'units.weight.*"kg" or "g"'),
        ('[units]\nprice = "cent"', "did you mean cents"),
        ('[units]\nbrand = "g"', "neither a weight"),
        ("[positions]\nsku = 0", "counted from 1"),
        ("[positions]\nsku = 1\nprice = 1", "each place once"),
        ("[positions]\nskuu = 1", "did you mean sku"),
        ("[positions]\nsku = 1\n[widths]\nsku = [1, 2]", "one of them"),
        ('thousands = "."', "together with decimal"),
        ('decimal = ","\nthousands = ","', "another mark"),
    ],
)
def test_what_a_layout_cannot_say_is_a_settings_error(read, layout, why):
    with pytest.raises(SettingsError, match=why):
        read("sku;price;COD;COR\n1;1;1;1\n", layout)
