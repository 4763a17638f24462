"""Every sample in tests/golden reads as the expectation beside it says; tests/golden/README.md tells how to rewrite them."""

import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.feeds import FEEDS, open_reading
from connector.formats.layout import load_layout

GOLDEN = Path(__file__).parents[2] / "golden"
SAMPLES = sorted(path for path in GOLDEN.glob("*/*") if not path.name.endswith((".expected.json", ".layout.toml")))


def as_read(path):
    name = f"{path.stem}.layout" if path.with_name(f"{path.stem}.layout.toml").exists() else "default"
    feed = FEEDS[path.parent.name]
    reading = open_reading(feed, path, load_layout(name, path.parent), timezone=ZoneInfo("America/Sao_Paulo"))
    batches = list(reading.batches())
    return {
        "notes": reading.notes,
        "rows_read": reading.rows_read,
        "rows": [{"line": line} | dict(zip(feed.fields, row, strict=True)) for batch in batches for line, row in batch.rows],
        "rejections": [
            {"line": r.line, "column": r.column, "value": r.value, "reason": r.reason, "key": r.key}
            for batch in batches
            for r in batch.rejections
        ],
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_sample_reads_as_expected(path):
    expected = path.with_name(f"{path.name}.expected.json")
    text = json.dumps(as_read(path), ensure_ascii=False, indent=1, default=str) + "\n"
    if os.environ.get("REWRITE_GOLDEN"):
        expected.write_text(text, encoding="utf-8")

    assert text == expected.read_text(encoding="utf-8")


def test_there_are_samples():
    assert len(SAMPLES) >= 8
