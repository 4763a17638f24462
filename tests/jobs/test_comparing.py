"""An export is compared with the one applied last: only the lines that differ are read, and the outcome is that of reading everything."""

import os
from datetime import timedelta

import pytest
from cases import cases
from catalog_world import Catalog
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from connector.storage import tables
from connector.usecases import reducing, repair

CASES = cases(20)
COMPARED = "compared with the file applied last"
ROWS = 400


@pytest.fixture
def shop(tmp_path):
    return Catalog(tmp_path / "shop")


def rows(changes=None, count=ROWS):
    found = {f"{n:04}": f"{n:04};{10 + n},90;{20 + n},90" for n in range(count)} | (changes or {})
    return [row for row in found.values() if row is not None]


def compared(report):
    return COMPARED in " ".join(report.lines)


def test_only_the_lines_that_differ_are_read(shop):
    shop.export("prices/1.csv", *rows())
    report = shop.export("prices/2.csv", *rows({"0007": "0007;9,99;9,99", "0100": None, "9000": "9000;5,00;5,00"}))

    assert "1 added, 1 changed (price 1, list_price 1), 1 removed" in report.lines[0]
    assert f"{COMPARED}, 2 lines differ" in report.lines[0]
    assert (shop.prices()["0007"], shop.prices()["9000"], "0100" in shop.prices(), len(shop.prices())) == (999, 500, False, ROWS)


def test_of_an_export_in_another_order_only_the_lines_that_differ_are_read(shop):
    many = 2000
    shop.export("prices/1.csv", *rows(count=many))
    report = shop.export("prices/2.csv", *reversed(rows({"0007": "0007;9,99;9,99", "0100": None, "9000": "9000;5,00;5,00"}, many)))

    assert "1 added, 1 changed (price 1, list_price 1), 1 removed" in report.lines[0]
    assert f"{COMPARED}, 2 lines differ" in report.lines[0]
    assert (shop.prices()["0007"], shop.prices()["9000"], "0100" in shop.prices(), len(shop.prices())) == (999, 500, False, many)


def test_a_row_repeated_in_another_order_is_not_overlooked(shop):
    shop.export("prices/1.csv", *rows(count=2000))
    report = shop.export("prices/2.csv", *reversed(rows(count=2000)), "0007;17,90;27,90", "0008;1,00;1,00")

    assert not compared(report)
    assert "0008" in " ".join(report.failures)


def test_samples_name_the_line_of_the_whole_file(shop):
    shop.export("prices/1.csv", *rows())
    path = shop.drop("new/2.csv", *rows({"0250": "0250;1000,00;1000,00"}), head="sku;price;list_price")

    from connector.usecases.imports import preview

    found = preview(shop.app, path, "prices")
    assert [one["line"] for one in found["samples"]["changed"]] == [252]
    assert COMPARED in " ".join(found["notes"])


def test_a_chain_of_exports_is_compared_link_by_link(shop):
    shop.export("prices/0.csv", *rows())
    reports = [shop.export(f"prices/{n}.csv", *rows({f"{n:04}": f"{n:04};15,00;15,00"})) for n in range(1, 5)]

    assert all(map(compared, reports))
    assert [shop.prices()[f"{n:04}"] for n in range(6)] == [1090, 1190, 1290, 1390, 1500, 1590]


@pytest.mark.parametrize(
    "between",
    [
        lambda shop: (shop.root / "archive").rename(shop.root / "elsewhere"),
        lambda shop: next((shop.root / "archive").rglob("*.csv")).write_text("sku;price\n1;1\n"),
        lambda shop: shop.configure(more="[feeds.prices]\nmax_removed = 0.5"),
        lambda shop: shop.configure(more='[schedule]\ntimezone = "America/Manaus"'),
    ],
    ids=["the last file is gone", "the last file is damaged", "a setting changed", "the time zone changed"],
)
def test_everything_is_read_where_the_last_file_does_not_tell(shop, between):
    shop.export("prices/1.csv", *rows())
    between(shop)
    report = shop.export("prices/2.csv", *rows({"0007": "0007;9,99;9,99"}))

    assert not compared(report)
    assert (shop.prices()["0007"], len(shop.prices())) == (999, ROWS)


@pytest.mark.parametrize(
    "changes",
    [
        {"0007": "0007;abc;9,99"},  # refused
        {"0007": "0007;0,01;9,99"},  # held
        {"0399b": "0399;410,90;420,90"},  # repeated
        {"0007": "0008;18,90;28,90"},  # a repeat of a line that stays
        {"0399b": "0399;11,90;21,90"},  # the same key with other content
    ],
)
def test_after_a_file_with_an_odd_row_everything_is_read(shop, changes):
    shop.export("prices/1.csv", *rows())
    shop.export("prices/2.csv", *rows(changes))
    after = shop.export("prices/3.csv", *rows())
    last = shop.export("prices/4.csv", *rows({"0001": "0001;12,00;12,00"}))

    assert not compared(after)
    assert compared(last)
    assert shop.prices() == {f"{n:04}": 1200 if n == 1 else 1090 + 100 * n for n in range(ROWS)}
    assert shop.quarantine() == []


def test_a_price_approved_meanwhile_is_not_overlooked(shop):
    shop.export("prices/1.csv", *rows())
    shop.export("prices/2.csv", *rows({"0007": "0007;0,10;9,99"}))
    repair.held_approve(shop.app, shop.held()[0]["id"], "maria")
    report = shop.export("prices/3.csv", *rows())

    assert not compared(report)
    assert shop.prices()["0007"] == 1790


def test_the_last_file_sent_again_is_still_compared_with(shop):
    shop.export("prices/1.csv", *rows())
    shop.export("prices/again.csv", *rows())
    report = shop.export("prices/2.csv", *rows({"0007": "0007;9,99;9,99"}))

    assert compared(report)


def test_the_guards_see_the_whole_export(shop):
    shop.export("stock/1.csv", *[f"{n:04};5" for n in range(ROWS)])
    fewer = shop.export("stock/2.csv", *[f"{n:04};5" for n in range(ROWS - 100)])

    assert "max_removed" in " ".join(fewer.failures)
    assert len(shop.stock()) == ROWS


def without_header(shop, name, found):
    return shop.export(name, *found[1:], head=found[0])


@pytest.mark.parametrize(
    ("line", "price", "is_compared"),
    [
        ("0007;Camisa;9,99", 999, True),
        ("0007;Camisa;9,99;", 1790, False),  # a field more than the first line has: refused
        ("0007;Camisa, azul, lisa, P;9,99", 999, True),  # by itself it has more commas than semicolons
    ],
)
def test_lines_without_a_header_are_read_as_the_first_line_of_the_whole_file_says(shop, line, price, is_compared):
    (shop.root / "config" / "layouts").mkdir()
    (shop.root / "config" / "layouts" / "acme.toml").write_text("[positions]\nsku = 1\nprice = 3\n")
    shop.configure(more='[feeds.prices]\nlayout = "acme"')
    before = [f"{n:04};Camisa;{10 + n},90" for n in range(ROWS)]
    without_header(shop, "prices/1.csv", before)
    report = without_header(shop, "prices/2.csv", [*before[:7], line, *before[8:]])

    assert (shop.prices()["0007"], compared(report)) == (price, is_compared)
    assert len(shop.prices()) == ROWS
    assert not is_compared or "1 lines differ" in report.lines[0]


def test_a_line_that_looks_like_a_row_inside_a_quoted_field_is_none(shop):
    head, inch = "sku;price;list_price;note", '0200;210,90;220,90;TV 42"'
    before = [f"{row};" for row in rows()]
    before[200:202] = [inch, '0201;211,90;221,90;"como a linha\n0003;77,00;77,00;x\nacima"']
    shop.export("prices/1.csv", *before, head=head)
    shop.export("prices/2.csv", *[row.replace("77,00", "78,00") for row in before], head=head)
    shop.export("prices/3.csv", *[row.replace("0003;77,00", "0004;77,00;1;y\n0003;77,00") for row in before], head=head)

    assert (shop.prices()["0003"], shop.prices()["0004"]) == (1390, 1490)


def test_a_line_put_into_a_quoted_field_is_no_row(shop):
    head, inch = "sku;price;list_price;note", '0200;210,90;220,90;TV 42"'
    before = [f"{row};" for row in rows()]
    before[200:202] = [inch, '0201;211,90;221,90;"como a linha\nacima"']
    shop.export("prices/1.csv", *before, head=head)
    shop.export("prices/2.csv", *[row.replace("linha\n", "linha\n9000;77,00;77,00;x\n") for row in before], head=head)

    assert "9000" not in shop.prices()


@pytest.mark.parametrize("feed", ["products", "prices", "stock", "services"])
def test_postgresql_compares_every_value_of_a_row_that_went(tmp_path, postgresql_url, feed):
    shop = Catalog(tmp_path / "shop", url=postgresql_url)
    row = {
        "products": "{n};P{n};Camisa;Marca;Categoria;0,5;S;Capa=https://cdn.example/{n}.jpg;Azul",
        "prices": "{n};10,90;20,90;2027-01-31T12:00:00-03:00;1",
        "stock": "{n};{n};SP",
        "services": "{n};embalagem;{n};Para presente;9,90",
    }[feed]
    head = {"products": "sku;product_id;product_name;brand;category;weight;active;images;sku_spec:Cor"}.get(feed) or {
        "prices": "sku;price;list_price;valid_until;sales_channel",
        "stock": "sku;quantity;warehouse",
        "services": "sku;type;id;name;price",
    }[feed]
    lines = [row.format(n=n) for n in range(1, 200)]
    shop.export(f"{feed}/1.csv", *lines, head=head)
    report = shop.export(f"{feed}/2.csv", *lines[:99], *lines[100:], row.format(n=900), head=head)
    shop.app.db.close()

    assert "1 added, 0 changed, 1 removed" in report.lines[0]
    assert f"{COMPARED}, 1 lines differ" in report.lines[0]


# ── it is the same, always ──────────────────────────────────────────────────────────────────────────────────────────────
HEAD = "sku;price;list_price;marketplace;note"
amounts = st.sampled_from(["10,00", "12,50", "12.50", "1.234", "1,234", "1.234,50", "99", "0", "abc", "", "R$ 5,00"])
notes = st.sampled_from(["", "x", '"quoted"', '"two\nlines"', '"open', "ação", 'a "b" c'])
keys = st.integers(0, 40).map(lambda n: f"{n:03}")
line = st.builds(
    lambda key, price, market, note: f"{key};{price};{price};{market};{note}", keys, amounts, st.sampled_from(["", "", "shop"]), notes
)
plain = [f"{n:03};{10 + n},00;{10 + n},00;;" for n in range(40)]


good = st.builds(lambda key, price: f"{key};{price};{price};;", keys, st.sampled_from(["10,00", "11,00", "12,50"]))


@st.composite
def edits(draw, before, rows):
    """The next export: stretches replaced, taken out, put in, moved; lines spoiled; all of it shuffled; another encoding or line end."""
    found = list(before)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(found)))
        found[at : at + draw(st.integers(0, 3))] = draw(st.lists(rows, max_size=3))
    if draw(st.integers(0, 9)) == 0:
        found = draw(st.permutations(found))
    return found


@st.composite
def histories(draw):
    found, rows, kind = [], list(plain), draw(st.sampled_from([good, good | st.sampled_from(plain), good | line, line]))
    for _ in range(draw(st.integers(2, 5))):
        rows = draw(edits(rows, kind)) if found else rows
        how = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "cp1252", "utf-8-sig"])), draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
        found.append((rows, *how, draw(st.booleans())))
    return found


def written(rows, encoding, end, is_ended):
    return (end.join([HEAD, *rows]) + (end if is_ended else "")).encode(encoding, "replace")


def outcome(shop):
    """What a person, the ERP and the marketplaces can see of it."""
    t = tables.files.c
    with shop.app.db.read() as tx:
        files = tx.execute(select(t.name, t.state, t.rows_read, t.rows_refused, t.plan).order_by(t.id)).all()
    numbers = ("accepted", "added", "changed", "removed", "held", "changed_by_field", "verdict", "reasons", "samples", "present")
    seen = [(name, state, read, refused, [plan.get(number) for number in numbers]) for name, state, read, refused, plan in files]
    return {
        "prices": shop.known("prices", "sku", "marketplace", "price_cents", "list_price_cents"),
        "messages": shop.messages(),
        "files": seen,
        "refusals": refusals(shop),
        "holds": shop.known("holds", "what", "state", "key"),
    }


def refusals(shop):
    t = tables.rejections.c
    with shop.app.db.read() as tx:
        return sorted(map(tuple, tx.execute(select(t.key, t.line, t.column, t.value, t.reason, t.healed_at.is_(None)))))


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(), loose=st.booleans())
def test_any_history_of_exports_comes_to_the_same_compared_or_read_whole(tmp_path_factory, history, loose):
    more = "[feeds.prices]\nmax_rejected = 0.9\nmax_removed = 0.9" if loose else ""
    quick, whole = (Catalog(tmp_path_factory.mktemp("shop") / name, more=more) for name in ("quick", "whole"))
    for number, export in enumerate(history):
        for shop, most in ((quick, 1), (whole, -1)):
            reducing.MOST = most
            path = shop.drop(f"prices/{number}.csv", at=shop.now + timedelta(seconds=number))
            when = path.stat().st_mtime
            path.write_bytes(written(*export))
            os.utime(path, (when, when))
            report = shop.run()
            event(f"compared: {compared(report)}, short way open: {most > 0}")
            assert "unexpected" not in " ".join(report.failures)
        assert outcome(quick) == outcome(whole)


@pytest.fixture(autouse=True)
def _usual_share():
    usual = reducing.MOST
    yield
    reducing.MOST = usual
