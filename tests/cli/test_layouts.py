"""`connector layout`, the real command: a layout is tried on a file, and one is proposed; nothing is changed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connector.formats.layout_keys import KEYS

DOCUMENT = Path(__file__).parents[2] / "docs" / "layouts.md"

LAYOUT = """delimiter = ";"
decimal = ","

[columns]
"CODIGO" = "sku"
"VALOR" = "price"

[units]
price = "cents"
"""
EXPORT = "CODIGO;VALOR;valid_until;Cor\n000101;8990;31/12/2026;azul\n000102;x;;\n000103;1500,5;;verde\n000104;5;;\n"


@pytest.fixture
def shop(project):
    (project.root / "config" / "layouts").mkdir()
    (project.root / "config" / "layouts" / "acme.toml").write_text(LAYOUT)
    return project


@pytest.fixture
def export(shop):
    path = shop.root / "precos.csv"
    path.write_bytes(EXPORT.encode())
    return path


def everything_in(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_person_reads_rows_by_our_names_notes_and_refused_rows(shop, export):
    done = shop.call("layout", "try", export, "--feed", "prices", "--layout", "acme")

    assert done.returncode == 1
    assert done.stderr == "precos.csv: 2 of 4 rows refused (line 3, 4)\n"
    said = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "precos.csv as prices with layout acme: 4 rows read, 2 understood, 2 refused" in said
    assert "read as utf-8, delimiter semicolon" in said
    assert "columns ignored because the feed prices has none of that name: Cor" in said
    assert "decimal comma, as layout acme says" in said
    assert "line sku price valid_until" in said
    assert "2 000101 89.90 2027-01-01 03:00:00 UTC" in said
    assert "3 price x it is no number with a decimal comma" in said


def test_a_machine_reads_one_document_with_values_in_the_feeds_units(shop, export):
    status, found = shop.document("layout", "try", export, "--feed", "prices", "--layout", "acme")

    assert status == 1
    assert (found["rows_read"], found["taken"], found["refused"], found["layout"]) == (4, 2, 2, "acme")
    assert found["rows"] == [
        {"line": 2, "sku": "000101", "price_cents": 8990, "valid_until": "2027-01-01T03:00:00+00:00"},
        {"line": 5, "sku": "000104", "price_cents": 5, "valid_until": None},
    ]
    assert [(row["line"], row["column"], row["value"]) for row in found["rejected"]] == [(3, "price", "x"), (4, "price", "1500,5")]


def test_trying_leaves_every_file_as_it_was_and_makes_none(shop, export):
    before = everything_in(shop.root)
    shop.call("layout", "try", export, "--feed", "prices", "--layout", "acme")

    assert everything_in(shop.root) == before


def test_only_so_many_rows_are_shown_and_all_are_counted(shop, export):
    export.write_text("CODIGO;VALOR\n" + "".join(f"{n};{n}\n" for n in range(1, 5001)) + "1;x\n2;x\n")
    _, found = shop.document("layout", "try", export, "--feed", "prices", "--layout", "acme", "--rows", "1")

    assert (len(found["rows"]), len(found["rejected"]), found["taken"], found["refused"]) == (1, 1, 5000, 2)


def test_without_a_name_the_layout_of_the_settings_is_tried(shop, export):
    shop.config.write_text(shop.config.read_text() + '\n[feeds.prices]\nlayout = "acme"\n')

    assert shop.document("layout", "try", export, "--feed", "prices")[1]["layout"] == "acme"


def test_weights_lengths_and_specifications_are_shown_with_their_units(shop):
    path = shop.root / "p.csv"
    path.write_text("sku;product_id;product_name;brand;category;weight;height;active;sku_spec:Cor\n1;1;A;B;C;0.25;12,5;S;azul\n")
    said = " ".join(shop.call("layout", "try", path, "--feed", "products").stdout.split())

    assert 'B C 12.5 cm 250 g yes {"Cor":"azul"}' in said
    assert "both decimal commas and decimal points" in said


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["precos.csv", "--feed", "price"], 2, "one of products, prices"),
        (["nowhere.csv", "--feed", "prices"], 2, "nowhere.csv is no file"),
        (["precos.csv", "--feed", "prices", "--layout", "nobody"], 2, "nobody"),
        (["precos.csv", "--feed", "prices"], 1, "the required columns are missing: sku, price"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence(shop, export, words, status, said):
    assert export.name == "precos.csv"
    done = shop.call("layout", "try", *words)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_guessed_can_be_saved_and_tried(shop):
    path = shop.root / "produtos.csv"
    path.write_bytes("CODPROD;DESCRPROD;MARCA;DESCRGRUPOPROD;PESOBRUTO;ATIVO\n1;CAFÉ;ACME;BEBIDAS;0,5;S\n".encode("cp1252"))
    guessed = shop.call("layout", "guess", path, "--feed", "products")
    (shop.root / "config" / "layouts" / "guessed.toml").write_text(guessed.stdout)
    status, found = shop.document("layout", "try", path, "--feed", "products", "--layout", "guessed")

    assert (guessed.returncode, guessed.stderr, status) == (0, "", 0)
    assert (found["taken"], found["rows"][0]["product_name"], found["rows"][0]["weight_g"]) == (1, "CAFÉ", 500)


def test_guessing_changes_nothing(shop, export):
    before = everything_in(shop.root)
    shop.call("layout", "guess", export, "--feed", "prices")

    assert everything_in(shop.root) == before


def test_a_guess_at_what_is_no_table_is_a_sentence(shop, export):
    export.write_text("fixed width line\nfixed width line\n")
    done = shop.call("layout", "guess", export, "--feed", "prices")

    assert done.returncode == 1
    assert "precos.csv: no semicolon, comma, tab or vertical bar" in done.stderr


def spoken(output):
    return "\n".join(line.rstrip() for line in output.splitlines()).rstrip()


def test_the_document_s_commands_print_what_it_shows(shop):
    document = DOCUMENT.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```(csv|text|toml|console)\n(.*?)^```$", document, re.MULTILINE | re.DOTALL))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown = []
    for block in blocks:
        kind, text = block.groups()
        if kind in ("csv", "text"):
            name = re.findall(r"`(\w+\.(?:csv|txt))`", document[: block.start()])[-1]
            (shop.root / name).write_bytes(text.encode("cp1252"))
        elif text.startswith("# config/connector.toml"):
            shop.config.write_text(shop.config.read_text() + text)
        elif kind == "toml":
            (shop.root / re.findall(r"# (config/layouts/\w+\.toml)", text)[0]).write_text(text)
        else:
            command, _, expected = text.removeprefix("$ ").partition("\n")
            done = subprocess.run(
                command, shell=True, cwd=shop.root, env=shop.environment | {"PATH": path}, capture_output=True, text=True, check=False
            )
            shown.append(command)

            assert spoken(done.stdout + done.stderr) == spoken(expected), command

    tried = ["layout", "try"]
    assert [command.split()[1:3] for command in shown] == [["layout", "guess"], tried, ["preview", "produtos.csv"], tried]


def test_the_document_names_every_key_of_a_layout_and_every_shipped_one():
    text = DOCUMENT.read_text(encoding="utf-8")
    for key in KEYS:
        assert re.search(rf"^\| `\[?{key}[\].`]", text, re.MULTILINE), key
    for path in (DOCUMENT.parents[1] / "config" / "layouts").glob("*.toml"):
        assert f"| `{path.stem}` |" in text
