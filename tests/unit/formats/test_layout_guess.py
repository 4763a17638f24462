"""What is proposed for a file of other column names is a layout that can be used, and mostly the right one."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.errors import FileRefused
from connector.feeds import FEEDS, open_reading
from connector.feeds.erp_names import _NAMES, plain, rank
from connector.formats.layout import from_text
from connector.usecases.layouts import guess_layout


@pytest.fixture
def propose(tmp_path):
    def propose(content, feed, name="export.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path, guess_layout(path, feed)

    return propose


@pytest.fixture
def read(propose):
    """Propose a layout, and read the file with it."""

    def read(content, feed):
        path, text = propose(content, feed)
        reading = open_reading(FEEDS[feed], path, from_text("guess", "guess.toml", text), timezone=ZoneInfo("America/Sao_Paulo"))
        batches = list(reading.batches())
        rows = [dict(zip(FEEDS[feed].fields, row, strict=True)) for batch in batches for _, row in batch.rows]
        return rows, [rejection for batch in batches for rejection in batch.rejections], text

    return read


def test_a_protheus_export_is_read_as_it_is_meant(read):
    head = "B1_COD;B1_DESC;B1_FABRIC;BM_DESC;B1_CODBAR;B1_PESBRU;B1_PESO;B1_MSBLQL\r\n"
    text = head + "000101;CAMISETA;ACME;ROUPAS;7891234567895;250;230;2\r\n000102;BONÉ;ACME;ROUPAS;;100;90;1\r\n"
    rows, refused, proposed = read(text.encode("cp1252"), "products")

    assert refused == []
    assert [(row["sku"], row["product_id"], row["weight_g"], row["active"], row["ean"]) for row in rows] == [
        ("000101", "000101", 250, True, "7891234567895"),
        ("000102", "000102", 100, False, ""),
    ]
    assert 'encoding = "cp1252"' in proposed
    assert '# "B1_PESO" = "…"  # weight? that is taken from another column: 230, 90' in proposed


def test_of_a_file_without_header_in_which_nothing_is_known_a_person_has_to_name_the_places(propose):
    _, proposed = propose(";0\n", "freight")

    assert "\n# [positions]" in proposed
    assert "# … = 2  # ignored: 0" in proposed
    assert from_text("guess", "guess.toml", proposed).positions == {}


def test_names_are_known_case_accents_and_blanks_aside(read):
    rows, _, _ = read("Código;Preço de Venda;Preço De;Data Validade\n1;89,90;99,90;31/12/26\n2;10,00;;  /  /\n", "prices")

    assert [(row["price_cents"], row["list_price_cents"], row["valid_until"] is None) for row in rows] == [
        (8990, 9990, False),
        (1000, 1000, True),
    ]


SHORTENED = "COD_PROD;DESCR;MARCA;GRUPO;EAN13;PESO_BR;ALT;LARG;COMPR;PR_VENDA;QTD_EST\n1;Caneca;Acme;Casa;;0,500;10;20;30;19,90;7\n"


def test_one_file_with_shortened_names_is_understood_for_each_feed_that_it_holds(read):
    rows = {feed: read(SHORTENED, feed)[0][0] for feed in ("products", "prices", "stock")}

    assert [rows["products"][name] for name in ("sku", "product_name", "weight_g", "height_cm", "width_cm", "length_cm")] == [
        "1",
        "Caneca",
        500,
        10.0,
        20.0,
        30.0,
    ]
    assert (rows["prices"]["sku"], rows["prices"]["price_cents"]) == ("1", 1990)
    assert (rows["stock"]["sku"], rows["stock"]["quantity"]) == ("1", 7)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sku", "COD_PROD CD_ITEM CD_PRODUTO CÓD.PROD."),
        ("product_name", "DESCR DS_PRODUTO DSC_PROD NM_PRODUTO"),
        ("ean", "EAN13 COD_BAR CD_BARRAS"),
        ("weight", "PESO_BR PS_BRT PESO_KG PS_KG PESO_BR_KG PS_BR_G"),
        ("height", "ALT ALT_CM ALT_MM Alt.(m)"),
        ("width", "LARG LARG_CM LARG(mm)"),
        ("length", "COMPR COMP_CM PROF_CM"),
        ("price", "PR_VENDA VL_VENDA VLR_UNIT PRC_VENDA PRC_VDA VL_UNITARIO PRVENDA"),
        ("list_price", "PR_TAB PRC_TABELA"),
        ("quantity", "QTD_EST QT_ESTOQUE SALDO_EST QT_DISP SLD_ATUAL EST QTDEST"),
        ("order_id", "NR_PED NUM_PEDIDO"),
    ],
)
def test_names_are_known_however_their_words_are_shortened(ours, theirs):
    assert [name for name in theirs.split() if rank(ours, name) is None] == []


def test_a_shortened_name_is_as_likely_as_the_whole_one():
    assert rank("price", "PRC_VDA") == rank("price", "PRECO_VENDA") == 0
    assert rank("list_price", "PR_DE") == rank("list_price", "Preço de")
    assert rank("price", "PR_DE") is None
    assert rank("height", "ALT_CM") == rank("height", "ALT")
    assert rank("price", "PRECO_CM") is rank("weight", "CM") is None


def test_a_file_without_header_is_proposed_by_position(read):
    rows, _, proposed = read("000101|01|12\n000102|01|-3\n", "stock")

    assert "[positions]" in proposed
    assert [row["sku"] for row in rows] == ["000101", "000102"]


def test_columns_are_known_by_what_they_hold(read):
    text = "CODIGO;NOME;MARCA;GRUPO;PESO_KG;XPTO;LINK\n" + "1;A;B;C;0,25;7891234567895;https://loja.example/1.jpg\n"
    rows, _, _ = read(text, "products")

    assert (rows[0]["ean"], rows[0]["images"], rows[0]["weight_g"]) == ("7891234567895", '[["","https://loja.example/1.jpg"]]', 250)


def test_lengths_in_metres_and_millimetres_are_seen(read):
    text = "CODIGO;NOME;MARCA;GRUPO;PESO;ALTURA;LARGURA_MM\n1;A;B;C;1,5;0,12;300\n2;A;B;C;1,5;1,4;250\n"
    rows, _, _ = read(text, "products")

    assert [(row["height_cm"], row["width_cm"]) for row in rows] == [(12.0, 30.0), (140.0, 25.0)]


def test_amounts_that_may_be_cents_are_asked_about_and_not_assumed(read):
    rows, _, proposed = read("CODIGO;PRECO\n1;8990\n", "prices")

    assert rows[0]["price_cents"] == 899000
    assert '# price = "cents"  # where 8990 means 89.90' in proposed


def test_what_is_required_and_not_found_is_said_at_the_top(propose):
    _, proposed = propose("CODIGO;NOME;PESO\n1;A;2\n", "products")

    assert "# STILL MISSING: brand, which products requires" in proposed
    assert '# category = "…"' in proposed


def test_our_own_names_stay_as_they_are(propose):
    _, proposed = propose("sku;CODIGO;price\n1;2;3,50\n", "prices")

    assert '"sku" = "sku"' in proposed
    assert '# "CODIGO" = "…"  # sku? that is taken from another column: 2' in proposed


def test_an_sku_that_stands_in_two_rows_is_pointed_at(propose):
    assert "# LOOK: 101 stands in more than one row" in propose("CODIGO;COR;PRECO\n101;A;1,5\n101;B;1,5\n", "prices")[1]


def test_an_sku_in_two_warehouses_or_two_items_of_an_invoice_are_as_they_should_be(propose):
    assert "LOOK" not in propose("CODIGO;LOCAL;SALDO\n101;1;2\n101;2;2\n", "stock")[1]
    assert "LOOK" not in propose("PEDIDO;NF;EMISSAO;TOTAL;CODIGO\nA;1;31/12/2026;2,5;x\nA;1;31/12/2026;2,5;y\n", "invoices")[1]


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        ("a b c\n1 2 3\n", "export.txt", r"\[widths\]"),
        ("", "export.csv", "it is empty"),
        ("<nfeProc/>", "nota.xml", "need no layout"),
        (b"\xff\xfea\x00", "export.csv", "UTF-16"),
    ],
)
def test_what_is_no_table_is_refused_with_the_remedy(propose, content, name, why):
    with pytest.raises(FileRefused, match=why):
        propose(content, "stock", name)


@pytest.mark.parametrize("ours", _NAMES)
def test_every_name_of_ours_in_the_dictionary_is_a_column_of_a_feed(ours):
    assert any(feed.column(ours) for feed in FEEDS.values())
    assert all(rank(ours, word.lower().replace("_", " ")) is not None for word in _NAMES[ours].split())


def test_a_name_is_written_plainly():
    assert plain(" Preço  de-Venda (R$)") == "PRECO_DE_VENDA_R"


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufffe\uffff"), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(FEEDS)),
    st.lists(st.one_of(CELLS, st.sampled_from(["CODIGO", "PRECO", "SALDO", "ATIVO", "PESO", 'a"b', "a#b", "{x}"])), min_size=2, max_size=5),
    st.lists(st.lists(st.one_of(CELLS, st.sampled_from(["1", "1,5", "S", "20261231", "A"])), min_size=5, max_size=5), max_size=4),
)
@example("freight", ["", "0"], [])
def test_whatever_the_file_holds_what_is_proposed_is_a_layout(propose, feed, names, rows):
    lines = [";".join(names), *(";".join(row[: len(names)]) for row in rows)]
    try:
        path, proposed = propose("\n".join(lines), feed)
    except FileRefused:
        return
    layout = from_text("guess", "guess.toml", proposed)
    with suppress(FileRefused):
        list(open_reading(FEEDS[feed], path, layout, timezone=ZoneInfo("UTC")).batches())
