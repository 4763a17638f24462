import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from connector.errors import FileRefused
from connector.feeds import FEEDS, open_reading
from connector.formats import workbook
from connector.formats.layout import Layout

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def read(tmp_path):
    def read(feed, *sheets):
        book = Workbook()
        book.remove(book.active)
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        path = tmp_path / "book.xlsx"
        book.save(path)
        reading = open_reading(FEEDS[feed], path, Layout(), timezone=ZoneInfo("UTC"))
        batches = list(reading.batches())
        return [row for b in batches for row in b.rows], [r.line for b in batches for r in b.rejections], reading.notes

    return read


def test_cells_are_read_without_loss(read):
    rows, refused, _ = read(
        "prices",
        (
            "p",
            [
                ["sku", "price", "list_price", "valid_until"],
                ["000123", 19.9, "20,50", date(2026, 12, 31)],
                [7891234567895, 1234, None, None],
                [None, None, None, None],
                ["NA", 0.1 + 0.2, None, "x"],
            ],
        ),
        ("other", [["sku", "price"], ["no", 1]]),
    )

    assert rows == [
        (2, ("000123", "", "", 1990, 2050, datetime(2027, 1, 1, tzinfo=UTC))),
        (3, ("7891234567895", "", "", 123400, 123400, None)),
    ]
    assert refused == [5]


def test_every_sheet_of_a_freight_workbook_is_read(read):
    head = ["ZipCodeStart", "ZipCodeEnd", "WeightStart", "WeightEnd", "AbsoluteMoneyCost", "TimeCost"]
    rows, refused, notes = read(
        "freight",
        ("a", [head, [1000000, 1999999, 0, 1000, 10.5, 2]]),
        ("b", [head, ["20000-000", "29999-999", 0, 1000, 11, time(12)]]),
        ("Notes", [["anything"]]),
    )

    assert refused == []
    assert [(line, row[0], row[5], row[9]) for line, row in rows] == [(2, "01000000", 1050, 172800), (4, "20000000", 1100, 43200)]
    assert notes == [
        "read sheet 'a'",
        "read sheet 'b', its row 1 counted as 3",
        "sheet 'Notes' left out: its first row names none of the feed's columns",
    ]


@pytest.mark.parametrize("stray", ["XFD1048576", "XFD1", "B1048576"])
def test_a_stray_blank_far_away_takes_no_memory(tmp_path, stray):
    book = Workbook()
    for row in (["sku", "quantity"], ["A1", 5], [], ["A2", 7]):
        book.active.append(row)
    book.active[stray] = " "
    book.save(path := tmp_path / "book.xlsx")
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom connector.formats.layout import Layout\n"
        "from connector.formats.workbook import WorkbookTable\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "table = WorkbookTable(Path(sys.argv[1]), Layout(), {'sku', 'quantity'}.__contains__, every_sheet=False)\n"
        "print(table.names, [block.lines[:2] for block in table.blocks()])\n"
    )
    said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)

    assert said.stdout == "('sku', 'quantity') [[2, 4]]\n", said.stderr


def test_cells_beyond_the_header_are_not_read_and_line_numbers_stay(read):
    rows, refused, notes = read(
        "stock", ("a", [["sku", "quantity", " "], ["A", 1, None, None, "x"], [None, None, "y"], [None, None], ["B", 2]]), ("b", [[]])
    )

    assert ([line for line, _ in rows], refused, notes) == ([2, 5], [], ["read sheet 'a'"])


def test_a_workbook_of_more_cells_than_can_be_held_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_CELLS", 5)
    book = Workbook()
    for row in (["sku", "quantity"], ["A", 1], ["B", 2], ["C", 3]):
        book.active.append(row)
    book.save(path := tmp_path / "book.xlsx")

    with pytest.raises(FileRefused, match=r"book.xlsx: the workbook has more than 5 cells \(send it as delimited text"):
        open_reading(FEEDS["stock"], path, Layout(), timezone=ZoneInfo("UTC"))


def test_a_row_that_excel_does_not_have_is_refused_at_once(tmp_path):
    book = Workbook()
    for row in (["sku", "quantity"], ["A", 1], ["B", 2]):
        book.active.append(row)
    book.save(tmp_path / "good.xlsx")
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(path := tmp_path / "book.xlsx", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name).replace(b'r="3"', b'r="999999999999"'))

    with pytest.raises(FileRefused, match=r"book.xlsx: the workbook has more than 1048576 rows"):
        open_reading(FEEDS["stock"], path, Layout(), timezone=ZoneInfo("UTC"))


def test_a_lack_of_memory_is_the_workbooks_refusal(tmp_path, monkeypatch):
    def lacking(*_):
        raise MemoryError

    monkeypatch.setattr(workbook, "render", lacking)
    book = Workbook()
    book.active.append(["sku"])
    book.save(path := tmp_path / "book.xlsx")
    with pytest.raises(FileRefused, match=r"book.xlsx: to read it takes more memory than there is"):
        open_reading(FEEDS["stock"], path, Layout(), timezone=ZoneInfo("UTC"))


@pytest.mark.parametrize("content", [b"", b"sku;price\n1;2\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken"])
@pytest.mark.parametrize("name", ["book.xlsx", "book.xls"])
def test_what_is_no_workbook_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileRefused):
        open_reading(FEEDS["prices"], tmp_path / name, Layout(), timezone=ZoneInfo("UTC"))


def test_a_workbook_whose_list_of_contents_is_damaged_is_refused(tmp_path):
    Workbook().save(path := tmp_path / "book.xlsx")
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x09"))

    with pytest.raises(FileRefused, match=r"book.xlsx: it is no readable workbook .* \(save it again"):
        open_reading(FEEDS["prices"], path, Layout(), timezone=ZoneInfo("UTC"))


def test_a_damaged_old_workbook_puts_nothing_on_standard_output(tmp_path, capfd):
    path = tmp_path / "book.xls"
    path.write_bytes((GOLDEN / "freight" / "vtex-tabs.xls").read_bytes()[:-100])
    with suppress(FileRefused):
        open_reading(FEEDS["freight"], path, Layout(), timezone=ZoneInfo("UTC"))

    assert capfd.readouterr().out == ""


def test_pandas_is_loaded_only_when_a_workbook_comes():
    code = "import connector.feeds, sys; raise SystemExit('pandas' in sys.modules or 'defusedxml' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
