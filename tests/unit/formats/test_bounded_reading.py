"""Files that no ERP would send on purpose: rubbish, lines without end, millions of columns. Read in bounded time and memory."""

import time
import tracemalloc
from zoneinfo import ZoneInfo

import pytest

from connector.errors import FileRefused
from connector.feeds import FEEDS, unpacked_reading
from connector.formats.layout import Layout

HEAD = b"sku;quantity\n"
MEGABYTE = 1 << 20
FILES = {
    "one endless line": HEAD + b"1;" + b"9" * (40 * MEGABYTE),
    "one line of delimiters": HEAD + b";" * (3 * MEGABYTE),
    "an endless header": b"sku;" * (2 * MEGABYTE),
    "random bytes": bytes(range(256)) * (8 * MEGABYTE // 256),
    "random bytes after a good head": HEAD + b"1;2\n" * 20_000 + bytes(range(128, 256)) * 40_000,
    "an open quotation mark": HEAD + b'"' + b"1;2\n" * 100_000,
    "quotation marks alone": HEAD + b'"' * (3 * MEGABYTE),
    "carriage returns alone": b"sku;quantity\r" + b"1;2\r" * 100_000,
    "zeros": bytes(20 * MEGABYTE),
    "blank lines": HEAD + b"\n" * MEGABYTE,
}


@pytest.mark.parametrize("what", FILES)
def test_rubbish_is_read_or_refused_within_bounds(tmp_path, what):
    path = tmp_path / "f.csv"
    path.write_bytes(FILES[what])
    tracemalloc.start()
    began, refused = time.process_time(), ""
    try:
        with unpacked_reading(FEEDS["stock"], path, Layout(), timezone=ZoneInfo("UTC")) as reading:
            for _ in reading.batches():
                pass
    except FileRefused as error:
        refused = str(error)
    spent, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert spent < 60
    assert peak < 120 * MEGABYTE
    assert len(refused) < 2000
