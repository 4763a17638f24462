"""docs/protocol.md: each rule has a source and a test that exists; each known issue that the code heeds stands in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
SOURCES = {"SEED", "SIB", "LEG", "OAS", "HIST", "GUIDE", "HELP", "SKILL", "KI", "INF", "RFC", "threat"}
ROWS = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in TEXT.splitlines() if "tests/" in line]


def defined(place):
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_rule_is_a_sentence_with_a_source_and_a_test():
    odd = [row for row in ROWS if len(row) != 3 or not row[0] or not set(re.findall(r"^\w+|(?<=, )\w+", row[1])) <= SOURCES]

    assert odd == []
    assert len(ROWS) == len({row[0] for row in ROWS}) > 100


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`(tests/[\w/]+\.py)::", TEXT))))
def test_every_test_that_the_table_names_exists(place):
    named = set(re.findall(rf"`{place}::(\w+)`", TEXT))

    assert named - defined(place) == set()


def test_every_known_issue_that_the_code_heeds_is_in_the_table():
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "connector").rglob("*.py") if "sandbox" not in path.relative_to(ROOT).parts
    )
    heeded = set(re.findall(r"KI (\d{5,7})", sources))

    assert heeded - set(re.findall(r"KI (\d{5,7})", TEXT)) == set()


def test_each_section_that_asks_something_of_a_seller_has_rules():
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]

    assert [section[0] for section in sections if "tests/" in section] == list("01234567")
