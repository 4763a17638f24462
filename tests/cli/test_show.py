"""What people read: instants to the second, lists as sentences, counts without zeros, prices in the currency's unit."""

import pytest

from connector.cli import show
from connector.cli.looking import _counts, _shortly


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-11-24T10:30:20.096165+00:00", "2026-11-24 10:30:20 UTC"),
        ("2100-01-01T03:00:00+00:00", "2100-01-01 03:00:00 UTC"),
        ("2026-11-24T10:30:20-03:00", "2026-11-24T10:30:20-03:00"),
        (["the price falls by 99.1 %", "the price is 0"], "the price falls by 99.1 %; the price is 0"),
        ([8990, 7990], "[8990, 7990]"),
        (None, ""),
        ("a\nb", "a\\nb"),
    ],
)
def test_values_are_written_for_people(value, read):
    assert show.words(value) == read


def test_counts_of_a_feed_leave_out_what_there_is_none_of():
    assert _counts({"prices": {"files": 0, "rows": 1}, "stock": {"files": 2, "rows": 3}}) == "prices (rows 1), stock (files 2, rows 3)"


def test_a_run_tells_its_first_failure_and_how_many_more_there_are():
    assert _shortly({"failures": ["a", "b", "c"], "done": ["d"]}) == "a; 2 more"
    assert _shortly({"failures": [], "done": ["d"]}) == "d"
    assert _shortly({"failures": [], "done": []}) == ""


HELD = "[erp]\nsettle_seconds = 0\n[feeds.prices]\nmax_rejected = 0.5\n"


@pytest.fixture
def held(project):
    """A shop whose price of A fell from 100.00 to 1.00, and waits for a yes."""
    project.config.write_text(HELD)
    folder = project.root / "inbox" / "prices"
    folder.mkdir()
    for name, price in (("1.csv", "100,00"), ("2.csv", "1,00")):
        (folder / name).write_text(f"sku;price\nA;{price}\nB;5,00\n")
        project.call("run", "refresh-snapshot")
    return project


def test_a_held_row_is_shown_and_approved_in_the_currencys_unit(held):
    shown = held.call("held", "show", "1").stdout
    approved = held.call("held", "approve", "1").stdout

    assert "price: 1.00" in shown
    assert "old_price: 100.00" in shown
    assert "cents" not in shown + approved
    assert "the price of A is 1.00 now" in approved


def test_status_names_what_a_failed_job_met(held):
    assert "refresh-snapshot ended with status 1: prices/2.csv, A: held:" in held.call("status").stderr


def test_erasing_a_document_that_nobody_bears_is_said(project):
    done = project.call("erase", "--document", "529.982.247-25")

    assert done.returncode == 0
    assert "no order and no refused row bears this document" in done.stderr


def test_a_file_with_other_column_names_is_pointed_to_layouts(project):
    (project.root / "p.csv").write_text("CODIGO;PRECO_VENDA\nA;1,00\n")

    assert "config/layouts/NAME.toml" in project.call("preview", "p.csv", "--feed", "prices").stderr


def test_check_says_why_a_marketplace_does_not_answer(project):
    said = project.call("check").stdout

    assert "http://127.0.0.1:9 does not answer: the connection failed: Connection refused" in said
