"""What the documents say exists: commands, settings, endpoints, feeds and their columns, files they point to. And the other way round."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.main import get_command

from connector.cli.main import COMMANDS, tree
from connector.feeds import FEEDS
from connector.settings import ApiSettings, Settings
from connector.web.openapi import describe
from jobs import JOBS

ROOT = Path(__file__).parents[1]
READMES = [path for path in (ROOT / "README.md", ROOT / "README.pt-BR.md") if path.exists()]
DOCUMENTS = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(params=READMES, ids=lambda path: path.name)
def readme(request):
    return request.param.read_text(encoding="utf-8")


def commands(group=None, prefix=()):
    """Every command there is, as the words that a user types."""
    group = group or get_command(tree(COMMANDS))
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*prefix, name))
        else:
            yield (*prefix, name)


def settings(model=Settings, prefix=""):
    """Every key there is, as section and key."""
    for name, field in model.model_fields.items():
        inner = next(
            (a for a in [field.annotation, *getattr(field.annotation, "__args__", ())] if isinstance(a, type) and issubclass(a, BaseModel)),
            None,
        )
        if inner is not None:
            yield from settings(inner, f"{prefix}{name}.")
        elif not field.exclude:
            yield f"{prefix}{name}"


def test_every_command_is_in_the_readme(readme):
    for words in commands():
        if len(words) == 1:
            assert f"`connector {words[0]}" in readme, words
        else:
            line = next((line for line in readme.splitlines() if line.startswith("|") and f"connector {words[0]}" in line), "")
            assert f"`{words[1]}`" in line or f"connector {words[0]} {words[1]}`" in line, words


def test_every_command_in_the_documents_exists():
    known = set(commands()) | {words[:1] for words in commands()}
    alone = {words for words in commands() if len(words) == 1}
    for path in DOCUMENTS:
        for words in re.findall(r"(?:^|`) *(?:\$ )?connector ((?:[a-z][a-z-]+ ?){1,2})", path.read_text(encoding="utf-8"), re.MULTILINE):
            first, *rest = words.split()
            assert (first,) in alone or (first, *rest) in known, f"{path.name}: connector {words}"


def test_every_setting_is_in_the_readme_and_in_the_shipped_file(readme):
    shipped = (ROOT / "config" / "connector.toml").read_text(encoding="utf-8")
    for key in [*settings(), *(job.replace("-", "_") for job in JOBS)]:
        name = key.rpartition(".")[2]

        assert f"`{name}`" in readme, key
        assert re.search(rf"^#? ?{name} = ", shipped, re.MULTILINE), key


def test_every_endpoint_is_in_the_readme_and_the_other_way_round(readme):
    described = {
        f"{method.upper()} {path}"
        for path, item in describe(ApiSettings(), accepts_changes=True)["paths"].items()
        for method in item
        if method in ("get", "post")
    }
    named = set(re.findall(r"`((?:GET|POST) /[^`]*)`", readme))

    assert {call for call in described if "console" not in call and call not in named} == set()
    assert {call for call in named if "console" not in call and call not in described} == set()


def test_every_column_of_every_feed_is_in_the_readme_and_the_required_ones_are_bold(readme):
    for name, feed in FEEDS.items():
        line = next(line for line in readme.splitlines() if line.startswith(f"| `inbox/{name}/`"))
        for column in feed.columns:
            assert re.search(rf"\b{re.escape(column.name)}\b", line), f"{name}: {column.name}"
            assert (f"**{column.name}**" in line) == column.required, f"{name}: {column.name}"


def test_every_job_is_in_the_readme(readme):
    for name in JOBS:
        assert f"`{name}`" in readme


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_documents_point_to_is_there(path):
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(path):
    for table in re.findall(r"(?:^\|.*\n)+", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        head, *rows = [len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", row))) for row in table.splitlines()]
        assert [row for row in rows if row != head] == [], table[:200]


def test_every_module_that_the_architecture_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:connector|jobs|tests)/[a-z_/]+\.py)`", text):
        if "/x.py" not in name and "/s3.py" not in name:
            assert (ROOT / name).exists(), name
    for room, module in re.findall(r"\b(domain|formats|feeds|erp|vtex|storage|usecases|delivery|web)/([a-z_]{3,})\b", text):
        assert (ROOT / "connector" / room / f"{module}.py").exists(), f"{room}/{module}"
