"""Every sample in tests/golden reads as the expectation beside it says; tests/golden/README.md tells how to rewrite them."""

import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.errors import FileRefused
from connector.feeds import FEEDS, unpacked_reading
from connector.formats.layout import load_layout

GOLDEN = Path(__file__).parents[2] / "golden"
SAMPLES = sorted(path for path in GOLDEN.glob("*/*") if not path.name.endswith((".expected.json", ".layout.toml")))

LAYOUTS = Path(__file__).parents[3] / "config" / "layouts"
SHIPPED = sorted(path.stem for path in LAYOUTS.glob("*-style.toml"))


def layout_for(path):
    """The layout beside a sample, else the shipped one of its name, else the default."""
    if path.with_name(f"{path.stem}.layout.toml").exists():
        return load_layout(f"{path.stem}.layout", path.parent)
    return load_layout(path.stem if path.stem in SHIPPED else "default", LAYOUTS)


def as_read(path):
    feed = FEEDS[path.parent.name]
    try:
        with unpacked_reading(feed, path, layout_for(path), timezone=ZoneInfo("America/Sao_Paulo")) as reading:
            return described(feed, reading, list(reading.batches()))
    except FileRefused as error:
        return {"refused": str(error)}


def described(feed, reading, batches):
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


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_layout_says_who_made_it_and_has_samples_of_the_catalogue(name):
    first = (LAYOUTS / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0]

    assert first.startswith("# Made by us ")
    assert "not made, checked or endorsed by" in first
    assert {path.parent.name for path in SAMPLES if path.stem == name} >= {"products", "prices", "stock"}


def test_three_layouts_are_shipped():
    assert SHIPPED == ["sankhya-style", "sap-b1-style", "totvs-protheus-style"]
