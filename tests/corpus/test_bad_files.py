"""Hand-made bad files, each with its verdict: taken, refused by line, column and reason, or refused whole with the remedy.

`bad_*.py` are the tables. Each file is written to the disk and read as the intake reads it.
"""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from corpus.bad_bytes import bad_bytes
from corpus.bad_cells import bad_cells
from corpus.bad_layouts import bad_layouts
from corpus.bad_lines import bad_lines
from corpus.bad_papers import bad_papers

from connector.errors import FileRefused
from connector.feeds import FEEDS, unpacked_reading
from connector.formats.layout import load_layout

ZONE = ZoneInfo("America/Sao_Paulo")
TESTS = Path(__file__).parents[1]
FILES = [*bad_cells(), *bad_lines(), *bad_bytes(), *bad_layouts(), *bad_papers()]


def layout_of(bad):
    place = TESTS / "golden" / bad.layout if "/" in bad.layout else TESTS.parent / "config" / "layouts" / (bad.layout or "default")
    return load_layout(place.name, place.parent)


def read(bad, path):
    """Return the rows, the refused rows and, where none of it can be read, why."""
    path.write_bytes(bad.data)
    rows, refused = [], []
    try:
        with unpacked_reading(FEEDS[bad.feed], path, layout_of(bad), timezone=ZONE) as reading:
            for batch in reading.batches():
                rows += batch.rows
                refused += batch.rejections
    except FileRefused as error:
        return [], [], error
    return rows, refused, None


@pytest.mark.parametrize("bad", FILES, ids=lambda bad: bad.name)
def test_a_bad_file_has_its_verdict(bad, tmp_path):
    path = tmp_path / f"bad{bad.ending}"

    rows, refused, error = read(bad, path)

    assert bad.file in str(error or ""), str(error)
    assert bool(bad.file) == (error is not None), str(error)
    assert error is None or (error.message.startswith(path.name) and error.remedy)
    assert tuple(line for line, _ in rows) == bad.taken, refused
    assert [(one.line, one.column) for one in refused] == [(line, column) for line, column, _ in bad.refused]
    assert all(words in one.reason for one, (_, _, words) in zip(refused, bad.refused, strict=True)), refused
    if bad.said:
        line, field, value = bad.said
        assert dict(zip(FEEDS[bad.feed].fields, dict(rows)[line], strict=True))[field] == value


def test_there_are_five_hundred_of_them_and_no_two_are_the_same():
    assert len({(bad.feed, bad.layout, bad.ending, bad.data) for bad in FILES}) == len({bad.name for bad in FILES}) == len(FILES) >= 500
