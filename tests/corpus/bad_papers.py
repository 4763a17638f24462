"""NF-e that are no authorised sale, or no XML; archives and workbooks that are damaged, nested, encrypted or a bomb."""

import gzip
import io
import zipfile
from pathlib import Path

from corpus.bad_file import BadFile, lines
from openpyxl import Workbook

GOLDEN = Path(__file__).parents[1] / "golden"
NFE = (GOLDEN / "invoices" / "nfe.xml").read_text(encoding="utf-8")
KEY = "35261112ABC34501DE35550010000043211123456782"
NO_XML, OTHER_KEY = "it is no XML that an NF-e can be", "access key"
SHEET = lines("sku;price", "A;1,00", "B;2,00")


def bad_papers():
    """Yield them."""
    for name, old, new, words in SPOILT:
        assert old in NFE, name
        yield BadFile(f"nfe: {name}", "invoices", NFE.replace(old, new).encode(), file=words, ending=".xml")
    for name, old, new, taken, column, reason in HALF_SPOILT:
        assert old in NFE, name
        refused = tuple((1, column, reason) for _ in range(2 - len(taken)))
        yield BadFile(f"nfe: {name}", "invoices", NFE.replace(old, new).encode(), taken, refused, ending=".xml")
    yield from _no_nfe()
    yield from _packed()
    yield from _workbooks()


SPOILT = (
    ("denied", "<cStat>100", "<cStat>110", "not authorised: cStat is 110"),
    ("without a status", "<cStat>100</cStat>", "", "cStat is missing"),
    ("of a test", "<tpNF>1</tpNF><tpAmb>1", "<tpNF>1</tpNF><tpAmb>2", "issued for tests"),
    ("registered as a test", "<infProt><tpAmb>1", "<infProt><tpAmb>2", "issued for tests"),
    ("an entry", "<tpNF>1", "<tpNF>0", "neither a sale nor a return"),
    ("a complement", "<finNFe>1", "<finNFe>2", "neither a sale nor a return"),
    ("an adjustment", "<finNFe>1", "<finNFe>3", "neither a sale nor a return"),
    ("a credit note", "<finNFe>1", "<finNFe>5", "neither a sale nor a return"),
    ("a debit note", "<finNFe>1", "<finNFe>6", "neither a sale nor a return"),
    ("of no purpose", "<finNFe>1</finNFe>", "", "neither a sale nor a return"),
    ("a key with a digit changed", KEY + "</chNFe>", KEY[:-1] + "3</chNFe>", OTHER_KEY),
    ("a key too short", KEY + "</chNFe>", KEY[:-1] + "</chNFe>", "is no valid key"),
    ("no key", f"<chNFe>{KEY}</chNFe>", "", "is no valid key"),
    ("another invoice's protocol", f'Id="NFe{KEY}"', 'Id="NFe' + "1" * 44 + '"', "not that of the invoice"),
    ("another number than its key's", "<nNF>4321", "<nNF>4322", "not that of the invoice"),
    ("without items", "det", "dat", "it names no order"),
    ("a part of a piece", "<qCom>2.0000", "<qCom>2.5000", "no whole number"),
    ("a quantity of letters", "<qCom>2.0000", "<qCom>dois", "is no number"),
    ("a quantity with a comma", "<qCom>2.0000", "<qCom>2,0000", "is no number"),
    ("a price of letters", "<vUnCom>19.9000000000", "<vUnCom>R$ 19,90", "is no number"),
    ("a price below nothing", "<vUnCom>19.9000000000", "<vUnCom>-19.90", "is no number"),
    ("without a price", "<vUnCom>19.9000000000</vUnCom>", "", "is no number"),
    ("of no order", "<xPed>ACME-77</xPed>", "", "it names no order"),
    ("of another root", "nfeProc", "cteProc", "not nfeProc"),
    (
        "of another namespace",
        "portalfiscal.inf.br/nfe",
        "portalfiscal.inf.br/cte",
        "its root is {http://www.portalfiscal.inf.br/cte}nfeProc",
    ),
    ("without its end", "</nfeProc>", "", NO_XML),
    ("a tag that is not closed", "</emit>", "", NO_XML),
    ("a DOCTYPE", "<nfeProc", '<!DOCTYPE x [<!ENTITY a "b">]><nfeProc', NO_XML),
    ("an entity of a file's", "<nfeProc", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><nfeProc', NO_XML),
    ("an entity that nobody declared", "ACME</xNome>", "&acme;</xNome>", NO_XML),
    ("a bare ampersand", "ACME</xNome>", "A & B</xNome>", NO_XML),
    ("a control character", "ACME</xNome>", "AC\x01ME</xNome>", NO_XML),
    ("the number of a NUL", "ACME</xNome>", "&#0;</xNome>", NO_XML),
    ("an encoding that nobody knows", 'encoding="UTF-8"', 'encoding="X-ERP"', NO_XML),
    ("two roots", "</nfeProc>", "</nfeProc><nfeProc/>", NO_XML),
    ("text behind its end", "</nfeProc>", "</nfeProc>fim", NO_XML),
    ("nested a thousand deep", "<xNome>ACME</xNome>", "<x>" * 1000 + "</x>" * 1000, NO_XML),
)
HALF_SPOILT = (
    ("of 31 February", "2026-11-24T10:15", "2026-02-31T10:15", (), "issuance_date", "there is no such day"),
    ("of no day", "<dhEmi>2026-11-24T10:15:00-03:00", "<dhEmi>", (), "issuance_date", "it is empty"),
    ("a value of letters", "<vNF>54.81", "<vNF>muito", (), "invoice_value", "it is no number"),
    ("a value below nothing", "<vNF>54.81", "<vNF>-54.81", (), "invoice_value", "it is negative"),
    ("a value of three decimals", "<vNF>54.81", "<vNF>54.815", (), "invoice_value", "at most two decimals"),
    ("an item of nothing", "<qCom>1.0000", "<qCom>0.0000", (1,), "quantity", "less than 1"),
)


def _no_nfe():
    for name, data, words in (
        ("nothing", b"", NO_XML),
        ("blanks", b"   \n", NO_XML),
        ("a page", b"<html><body>erro</body></html>", "not nfeProc"),
        ("JSON", b'{"nfe": 1}', NO_XML),
        ("a table", SHEET, NO_XML),
        ("bytes of chance", bytes(range(256)) * 4, NO_XML),
        ("UTF-16 that says UTF-8", NFE.encode("utf-16-be"), NO_XML),
        ("cp1252 that says UTF-8", NFE.encode("cp1252"), NO_XML),
        ("half of it", NFE.encode()[: len(NFE) // 2], NO_XML),
        ("twice", NFE.encode() * 2, NO_XML),
    ):
        yield BadFile(f"nfe: it is {name}", "invoices", data, file=words, ending=".xml")
    for name in ("test-environment", "without-protocol", "cancel-rejected"):
        data = (GOLDEN / "invoices" / f"nfe-{name}.xml").read_bytes()
        yield BadFile(f"nfe: sample {name}", "invoices", data, file=" (", ending=".xml")


# ── archives ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def packed(method=zipfile.ZIP_DEFLATED, **files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), data, method)
    return made.getvalue()


def _packed():
    good = packed(a__csv=SHEET)
    other = lines("sku;price;list_price", "C;1,00;2,00")
    for name, data, words, ending in (
        ("cut in half", good[: len(good) // 2], "has no end", ".zip"),
        ("without its list", good[:-22], "has no end", ".zip"),
        ("with a byte changed", good.replace(b"sku", b"skv") if b"sku" in good else _flipped(good), "damaged", ".zip"),
        ("of nothing", packed(), "holds no file", ".zip"),
        ("of a hidden file", packed(__csv=SHEET), "holds no file", ".zip"),
        ("of an archive", packed(a__zip=good), "is an archive itself", ".zip"),
        ("of a gzip", packed(a__csv=gzip.compress(SHEET)), "is an archive itself", ".zip"),
        ("of two kinds of columns", packed(a__csv=SHEET, b__csv=other), "has other columns than", ".zip"),
        ("of a file that is none", packed(a__csv=b"<html>"), "is no header", ".zip"),
        ("of an empty file", packed(a__csv=b""), "it is empty", ".zip"),
        ("of UTF-16", packed(a__csv=SHEET.decode().encode("utf-16")), "UTF-16", ".zip"),
        ("by an unusual method", packed(zipfile.ZIP_BZIP2, a__csv=SHEET), "unusual method", ".zip"),
        ("said to be encrypted", _encrypted(good), "is encrypted", ".zip"),
        ("that is a bomb", packed(a__csv=SHEET + bytes(30 << 20)), "200 times its size", ".zip"),
        ("of five thousand and one files", packed(**{f"f{n}__csv": b"" for n in range(5001)}), "more than 5000 entries", ".zip"),
        ("cut in half", gzip.compress(SHEET)[:-12], "damaged", ".gz"),
        ("of a wrong checksum", gzip.compress(SHEET)[:-8] + bytes(8), "damaged", ".gz"),
        ("of a gzip", gzip.compress(gzip.compress(SHEET)), "is an archive itself", ".gz"),
        ("that is a bomb", gzip.compress(SHEET + bytes(30 << 20)), "200 times its size", ".gz"),
        ("of its mark alone", b"\x1f\x8b", "damaged", ".gz"),
    ):
        yield BadFile(f"packed: {ending} {name}", "prices", data, file=words, ending=ending)
    outside = packed(**{"../../../a__csv": SHEET})
    yield BadFile("packed: .zip that would leave its folder", "prices", outside, (2, 3), said=(3, "sku", "B"), ending=".zip")
    yield BadFile("packed: .zip under another ending", "prices", good, (2, 3), said=(3, "price_cents", 200), ending=".csv")
    yield BadFile("packed: .gz under another ending", "prices", gzip.compress(SHEET), (2, 3), ending=".txt")
    yield BadFile("packed: text under the ending of an archive", "prices", SHEET, (2, 3), ending=".zip")
    with_bad = packed(a__csv=SHEET + b"C\n")
    yield BadFile("packed: .zip with a bad line", "prices", with_bad, (2, 3), ((4, "", "fields"),), ending=".zip")


def _flipped(data):
    at = data.index(b"PK\x01\x02") - 3
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _encrypted(data):
    """Set the bit that says so, in both places."""
    made, at = bytearray(data), data.index(b"PK\x01\x02")
    made[6] |= 1
    made[at + 8] |= 1
    return bytes(made)


# ── workbooks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def workbook(*rows):
    book, made = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


def _workbooks():
    good = workbook(["sku", "price"], ["A", 1.5], ["B", 2])
    no_book = "it is no readable workbook"
    for name, data, words, ending in (
        ("nothing", b"", no_book, ".xlsx"),
        ("text", SHEET, no_book, ".xlsx"),
        ("half of it", good[: len(good) // 2], no_book, ".xlsx"),
        ("an archive of something else", packed(a__csv=SHEET), no_book, ".xlsx"),
        ("its list of contents spoilt", good.replace(b"PK\x01\x02", b"PK\x01\x09"), no_book, ".xlsx"),
        ("no sheet that knows a column", workbook(["a", "b"], [1, 2]), "names none of the feed's columns", ".xlsx"),
        ("a title above the header", workbook(["Preços"], ["sku", "price"], ["A", 1]), "names none of the feed's columns", ".xlsx"),
        ("a column twice", workbook(["sku", "price", "price"], ["A", 1, 2]), "more than once", ".xlsx"),
        ("a column missing", workbook(["sku"], ["A"]), "required column is missing: price", ".xlsx"),
        ("empty", workbook(), "names none of the feed's columns", ".xlsx"),
        ("old and cut off", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), no_book, ".xls"),
        ("text under an old ending", SHEET, no_book, ".xls"),
    ):
        yield BadFile(f"workbook: {name}{ending}", "prices", data, file=words, ending=ending)
    for name, cell, words in (
        ("a date for a price", "2026-01-02", "it is no number"),
        ("an error of a formula's", "#DIV/0!", "it is no number"),
        ("true for a price", True, "it is no number"),
        ("nothing for a price", None, "it is empty"),
        ("a price of three decimals", 1.005, "at most two decimals"),
        ("a price below nothing", -1, "it is negative"),
        ("a price beyond all", 1e20, "it is no number"),
    ):
        data = workbook(["sku", "price"], ["A", 1], ["B", cell], ["C", 3])
        yield BadFile(f"workbook: {name}", "prices", data, (2, 4), ((3, "price", words),), ending=".xlsx")
    blank = workbook(["sku", "price"], ["A", 1], [None, None], ["C", 3])
    yield BadFile("workbook: a blank row", "prices", blank, (2, 4), said=(4, "price_cents", 300), ending=".xlsx")
    noise = workbook(["sku", "price"], ["A", 19.900000000000002])
    yield BadFile("workbook: a number's noise", "prices", noise, (2,), said=(2, "price_cents", 1990), ending=".xlsx")
    yield BadFile(
        "workbook: a key kept as a number", "prices", workbook(["sku", "price"], [123, 1]), (2,), said=(2, "sku", "123"), ending=".xlsx"
    )
