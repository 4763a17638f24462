"""docs/reliability.md names what holds each promise: those tests and campaigns exist."""

import re
from pathlib import Path

from campaigns.__main__ import PARTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_each_named_test_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)

    assert len(named) > 50
    assert [f"{path}::{name}" for path, name in named if not re.search(rf"^ *def {name}\(", written(path), re.MULTILINE)] == []


def test_each_named_campaign_exists_and_each_campaign_is_named():
    assert set(re.findall(r"PART=([\w-]+)", PAGE)) == set(PARTS)


def test_each_promise_says_by_what_means_it_is_kept_and_what_holds_it():
    promises = PAGE.partition("## Campaigns")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ") and "`tests/" in line]

    assert len(rows) > 25
    assert [row for row in rows if row.count(" | ") != 2] == []


def written(path):
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""
