"""Errors files in Portuguese: every sentence that a row or a file can be refused with has its twin in the catalogue."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from connector.formats.errors_csv import errors_csv
from connector.formats.record import Rejection
from connector.formats.translating import Phrases, phrases

ROOT = Path(__file__).parents[3]
CATALOGUE = tomllib.loads((ROOT / "connector/formats/phrases/pt.toml").read_text(encoding="utf-8"))
NAMES = re.compile(r"\{([a-z]+)\}")
RAISERS = {"BadValue": 0, "FileRefused": 0, "Flaw": 2, "_flaw": 2, "Objection": 2, "refuse": 0, "Conflict": 2}
ROOMS = ("feeds/*.py", "formats/*.py", "domain/invoicing.py", "storage/repeats.py", "usecases/document_*.py", "usecases/invoicing.py")
SAMPLES = sorted((ROOT / "tests/golden").rglob("*.expected.json"))
NEVER_IN_ERRORS_FILES = ("sampling.py",)
TWIN = "this one has the same number and other content (2.00)"
COMPOSED = {
    "7": ["its access key is no valid key (send the event as SEFAZ returned it, with its registration)", "vUnCom 'x' is no number"],
    "77": ["no order has the id X; it stays in the quarantine: connector quarantine retry takes it once the order is there"],
    "7 is no number": ["qCom 'x' is no number", "vUnCom 'x' is no number"],
    "7 7 is no number": ["qCom 'x' is no number", "vUnCom 'x' is no number"],
    "7; double quotation marks inside a field, or leave them out": [
        "a quotation mark is not closed; double quotation marks inside a field, or leave them out",
        "the line cannot be cut into fields (new-line character); double quotation marks inside a field, or leave them out",
    ],
    "7 names the column 7 more than once": [
        "line 1, the header, names the column sku more than once (each column once)",
        "sheet 'A' names the column sku more than once",
    ],
    "the required column7 missing: 7": ["the required column is missing: sku", "the required columns are missing: sku, price"],
    "its first line has 7 field7, but layout 7 says 7": [
        "its first line has 1 field, but layout acme says sku = 2",
        "its first line has 2 fields, but layout acme says sku = 3 (name the delimiter in the layout, or mend its [positions])",
    ],
    "none of the files in it can be read; 7": ["none of the files in it can be read; it names no order"],
    "7 is being reported 7: wait until that is settled (7)": [
        f"invoice N1 of order O1 is being reported for 1.00; {TWIN}: wait until that is settled (connector why O1)",
    ],
    "7: what was reported never changes; give it a number of its own": [
        f"invoice N1 of order O1 was reported on 2026-01-02 for 1.00; {TWIN}: what was reported never changes; give it a number of its own",
    ],
    "the row names no item, and nothing of the order is left to be 7": [
        "the row names no item, and nothing of the order is left to be invoiced",
        "the row names no item, and nothing of the order is left to be returned",
    ],
}
"""Sentences that the code puts together, each as it comes out."""


def written(node):
    """A literal's text with an X for each value; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(piece.value if isinstance(piece, ast.Constant) else "7" for piece in node.values)
    return None


def sentences():
    """What the code refuses rows and files with, as far as it stands where it is raised."""
    for room in ROOMS:
        for path in sorted((ROOT / "connector").glob(room)):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = (
                    getattr(getattr(call, "func", None), "id", getattr(getattr(call, "func", None), "attr", ""))
                    if isinstance(call, ast.Call)
                    else ""
                )
                if name in RAISERS and len(call.args) > RAISERS[name]:
                    texts = [call.args[RAISERS[name]], *(word.value for word in call.keywords if word.arg == "remedy")]
                    yield from (
                        (path.name, text if text in COMPOSED else text.removeprefix("7: ")) for node in texts if (text := written(node))
                    )


def test_there_are_sentences():
    assert len({text for _, text in sentences()}) > 60


@pytest.mark.parametrize(("place", "text"), sorted(set(sentences())), ids=lambda value: value[:40])
def test_a_sentence_of_the_code_has_its_portuguese(place, text):
    for sentence in COMPOSED.get(text, [text] if place not in NEVER_IN_ERRORS_FILES else []):
        assert phrases("pt").known(sentence) is not None, f"{place}: {sentence}"


def test_every_reason_in_the_golden_files_has_its_portuguese():
    reasons = {r["reason"] for path in SAMPLES for r in json.loads(path.read_text(encoding="utf-8")).get("rejections", [])}

    assert [reason for reason in sorted(reasons) if phrases("pt").known(reason) is None] == []


@pytest.mark.parametrize(("english", "other"), CATALOGUE.items(), ids=lambda text: text[:30])
def test_both_languages_name_the_same(english, other):
    assert sorted(NAMES.findall(english)) == sorted(NAMES.findall(other))
    assert len(set(NAMES.findall(english))) == len(NAMES.findall(english))


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("it is empty", "está vazio"),
        ("it is empty; weight: it is no number", "está vazio; weight: não é um número"),
        (
            "the line has 3 fields, the header 2; it ends with a delimiter that the header has not",
            "a linha tem 3 campos, o cabeçalho 2; ela termina com um separador que o cabeçalho não tem",
        ),
        ("the key occurs with different content on lines 2, 7", "a chave aparece com conteúdos diferentes nas linhas 2, 7"),
        (
            "the required column is missing: price (the file has sku, preco; a layout file can rename columns)",
            "falta a coluna obrigatória: price (o arquivo tem sku, preco; um arquivo de layout pode dar outros nomes às colunas)",
        ),
        ("refused with line 4: it is empty", "recusada junto com a linha 4: está vazio"),
        (
            "b.csv in it: it is empty and has no header line (the first line names the columns)",
            "b.csv, dentro dele: está vazio e não tem linha de cabeçalho (a primeira linha dá nome às colunas)",
        ),
        (
            "the NF-e is not authorised: cStat is 110 (send it once SEFAZ has authorised it (100 or 150))",
            "a NF-e não está autorizada: cStat é 110 (envie quando a SEFAZ a tiver autorizado (100 ou 150))",
        ),
        ("something new; it is empty", "something new; está vazio"),
        ("it is empty.", "está vazio."),
        ("something new", "something new"),
    ],
)
def test_sentences_are_translated_part_by_part(english, other):
    assert phrases("pt").said(english) == other


def test_the_errors_file_has_portuguese_words_and_english_by_default():
    found = [Rejection(2, "price", "x", "it is no number")]

    assert errors_csv(found, "pt").decode("utf-8-sig").splitlines() == ["linha;coluna;valor;motivo", "2;price;x;não é um número"]
    assert errors_csv(found).decode("utf-8-sig").splitlines() == ["line;column;value;reason", "2;price;x;it is no number"]


def test_without_a_catalogue_nothing_is_touched():
    assert Phrases({}).said("it is empty; x") == "it is empty; x"


def test_a_long_hostile_reason_costs_no_time():
    assert phrases("pt").said("(; " * 60_000).startswith("(; ")


CONSOLE = {
    language: tomllib.loads((ROOT / f"connector/formats/phrases/console.{language}.toml").read_text("utf-8")) for language in ("pt", "es")
}
REASONS = {language: tomllib.loads((ROOT / f"connector/formats/phrases/{language}.toml").read_text("utf-8")) for language in ("pt", "es")}
STORIES = {
    language: tomllib.loads((ROOT / f"connector/formats/phrases/why.{language}.toml").read_text("utf-8")) for language in ("pt", "es")
}


@pytest.mark.parametrize("catalogue", [REASONS, CONSOLE, STORIES], ids=["reasons", "console", "why"])
def test_portuguese_and_spanish_have_the_same_sentences_with_the_same_names(catalogue):
    assert list(catalogue["pt"]) == list(catalogue["es"])
    for said in catalogue.values():
        assert [english for english, other in said.items() if sorted(NAMES.findall(english)) != sorted(NAMES.findall(other))] == []


def test_every_event_of_an_order_has_its_words():
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "connector").rglob("*.py"))
    plain = set(re.findall(r'event\([^"\n]*, "([^"]+)"', written)) | set(re.findall(r'Paper\("[a-z]+", "([^"]+)"', written))

    assert len(plain) > 10
    assert {name for name in plain if f"{name}:" not in CONSOLE["pt"] and name not in CONSOLE["pt"]} == set()


@pytest.mark.parametrize(
    ("english", "portuguese", "spanish"),
    [
        ("by lojademo as 1234-01", "por lojademo como 1234-01", "por lojademo como 1234-01"),
        (
            "by the marketplace: the client gave it up",
            "pelo marketplace: the client gave it up",
            "por el marketplace: the client gave it up",
        ),
        (
            "the price falls by 97.9 %; max_price_change allows 80 %",
            "o preço cai 97,9 %; max_price_change permite 80 %",
            "el precio cae 97,9 %; max_price_change permite 80 %",
        ),
        (
            "stock: the last file came on 24/11; one is expected every 2h, and the next was due by 11:00 (America/Sao_Paulo)",
            "estoque: o último arquivo veio em 24/11; espera-se um a cada 2h, e o próximo era para até 11:00 (America/Sao_Paulo)",
            "stock: el último archivo llegó el 24/11; se espera uno cada 2h, y el próximo debía llegar hasta 11:00 (America/Sao_Paulo)",
        ),
        ("invoice 2 has a value that is more than the order's",) * 3,
        (
            'answered 403: Access denied; check what the key may do (License Manager, in VTEX\'s admin): it needs "Seller SKUs" (Catalog)',
            (
                "respondeu 403: Access denied; confira o que a chave pode fazer (License Manager, no admin "
                'da VTEX): ela precisa de "Seller SKUs" (Catalog)'
            ),
            (
                "respondió 403: Access denied; revise qué puede hacer la llave (License Manager, en el "
                'admin de VTEX): necesita "Seller SKUs" (Catalog)'
            ),
        ),
        (
            "given up after 12 attempts: answered 500: without a word",
            "desistência após 12 tentativas: respondeu 500: sem dizer nada",
            "abandonado tras 12 intentos: respondió 500: sin decir nada",
        ),
        (
            "p/e.csv as prices: 1 added, 2 changed (price 2), 0 removed, 1 refused (read as utf-8, delimiter tab; nothing was changed)",
            (
                "p/e.csv como preços: 1 novos, 2 mudados (price 2), 0 removidos, 1 recusadas (lido como "
                "utf-8, separador tabulação; nada mudou)"
            ),
            (
                "p/e.csv como precios: 1 nuevos, 2 cambiados (price 2), 0 quitados, 1 rechazadas (leído "
                "como utf-8, separador tabulación; nada cambió)"
            ),
        ),
        (
            "shop: 12 not suggested yet, being inactive or without a price (connector listings list)",
            "shop: 12 ainda não sugeridos, por inativos ou sem preço (connector listings list)",
            "shop: 12 aún no sugeridos, por inactivos o sin precio (connector listings list)",
        ),
        (
            "p/e.csv as prices was refused: it holds no rows",
            "p/e.csv como preços foi recusado: it holds no rows",
            "p/e.csv como precios fue rechazado: it holds no rows",
        ),
        (
            "p/e.csv as prices, line 7, price 'cem': it is no number",
            "p/e.csv como preços, linha 7, price 'cem': não é um número",
            "p/e.csv como precios, línea 7, price 'cem': no es un número",
        ),
        (
            "prices/e.csv, line 7, price 'cem': it is no number",
            "prices/e.csv, linha 7, price 'cem': não é um número",
            "prices/e.csv, línea 7, price 'cem': no es un número",
        ),
        ("the price of 109 is 1.90 now", "o preço de 109 é 1,90 agora", "el precio de 109 es 1,90 ahora"),
    ],
)
def test_what_the_console_says_is_said_in_each_language(english, portuguese, spanish):
    assert (phrases("console.pt").said(english), phrases("console.es").said(english)) == (portuguese, spanish)


def test_a_line_of_an_order_s_story_is_said_whole():
    line = "2026-11-24 12:01: order file written: orders/CT-1.json."

    assert phrases("why.pt").said(line) == "24/11/2026 12:01: arquivo do pedido gravado: orders/CT-1.json."
    assert phrases("why.es").said("The whole file p.csv is held: 14 of 60 (23.3 %) rows would be removed, max_removed allows 20 %.") == (
        "El archivo entero p.csv está retenido: 14 de 60 (23,3 %) filas se quitarían, max_removed permite 20 %."
    )
