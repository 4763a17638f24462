"""Fixed widths, record types, OCOREN: lines too short, too long, shifted, of no type, out of order."""

from pathlib import Path

from corpus.bad_file import BadFile

GOLDEN = Path(__file__).parents[1] / "golden"
WIDTHS, RECORDS, ALL = "stock/fixed-width.layout", "invoices/header-items.layout", "stock/all-in-one.layout"
GOOD = "ABC       0000001000CAMPINAS "
SHORT, NO_TYPE, HEADLESS = "characters, the layout needs 29", "is none that the layout names", "its header record"
HEAD, ITEM = "H;ACME-1;4321;24/11/2026;59,80;N", "I;000123;2;19,90"


def bad_layouts():
    """Yield them."""
    yield from _widths()
    yield from _records()
    yield from _all_in_one()
    yield from _ocoren()


def _widths():
    for name, line, *refused in (
        ("cut at the end", GOOD[:-1], "", "the line has 28 " + SHORT),
        ("cut in the middle", GOOD[:12], "", SHORT),
        ("a letter alone", "X", "", SHORT),
        ("delimited after all", "ABC;1000;CAMPINAS", "", SHORT),
        ("shifted to the left", GOOD[1:] + " ", "quantity", "it is no number"),
        ("a blank for a digit", "ABC       00000 1000CAMPINAS ", "quantity", "it is no number"),
        ("no digits", "ABC       ABCDEFGHIJCAMPINAS ", "quantity", "it is no number"),
        ("no number at all", "ABC                 CAMPINAS ", "quantity", "it is empty"),
        ("a part of a piece", "ABC       0000001005CAMPINAS ", "quantity", "it is no whole number"),
        ("no key", "          0000001000CAMPINAS ", "sku", "it is empty"),
        ("tabs for blanks", "ABC\t\t\t\t\t\t\t0000001000CAMPIN", "", SHORT),
    ):
        column, words = refused
        yield _stock(f"widths: {name}", WIDTHS, [GOOD, line, GOOD], (1, 3), ((2, column, words),))
    yield _stock("widths: longer than the layout", WIDTHS, [GOOD + "      resto", GOOD], (1, 2), said=(1, "quantity", 100))
    yield _stock("widths: shifted by a blank, which nobody can tell", WIDTHS, [" " + GOOD], (1,), said=(1, "quantity", 10))
    yield _stock("widths: a minus", WIDTHS, ["ABC       -000000010CAMPINAS "], (1,), said=(1, "quantity", -1))
    yield _stock("widths: blank lines", WIDTHS, ["", GOOD, "   ", GOOD], (2, 4))
    yield _stock("widths: nothing at all", WIDTHS, [], ())
    accent = GOOD.replace("CAMPINAS ", "SÃO PAULO")
    yield _stock("widths: letters of two bytes", WIDTHS, [GOOD, accent], (1,), ((2, "", "holds UTF-8"),), encoding="utf-8")
    yield _stock("widths: letters of one byte", WIDTHS, [GOOD, accent], (1, 2), said=(2, "warehouse", "SÃO PAULO"))


def _stock(name, layout, rows, taken=(), refused=(), *, encoding="cp1252", **how):
    data = "".join(f"{row}\n" for row in rows).encode(encoding)
    return BadFile(name, "stock", data, taken, refused, ending=".txt", layout=layout, **how)


def _records():
    yield _invoices("an item of no invoice", [ITEM], (), ((1, "", "no header record stands before it"),))
    yield _invoices("a header of too few fields", ["H;ACME-1;4321", ITEM], (), ((1, "", "3 fields"), (2, "", HEADLESS)))
    yield _invoices("a first item of too few fields", [HEAD, "I;000123", ITEM], file="the first row, has 2 fields")
    yield _invoices("an item of too few fields", [HEAD, ITEM, "I;000123"], (2,), ((3, "", "2 fields, the first of its type 4"),))
    yield _invoices("an item of too many fields", [HEAD, ITEM, ITEM + ";x"], (2,), ((3, "", "5 fields, the first of its type 4"),))
    yield _invoices("a first item of too many fields", [HEAD, ITEM + ";x", ITEM], (2,), ((3, "", "4 fields, the first of its type 5"),))
    yield _invoices("a type of no layout", [HEAD, "Z;1", ITEM], (), ((2, "", NO_TYPE), (3, "", "may be its header record")))
    yield _invoices("a line without a type", [HEAD, ";000123;2;19,90", ITEM], (), ((2, "", NO_TYPE), (3, "", "may be its header record")))
    yield _invoices("a type in small letters", [HEAD, "i;000123;2;19,90", ITEM], (), ((2, "", NO_TYPE), (3, "", "may be its header")))
    yield _invoices("a header without items", [HEAD], ())
    yield _invoices("two headers", [HEAD, HEAD.replace("4321", "4322"), ITEM], (3,), said=(3, "invoice_number", "4322"))
    day = HEAD.replace("24/11", "31/11")
    yield _invoices("a header of no day", [day, ITEM], (), ((2, "issuance_date", "there is no such day"),))
    yield _invoices("a header without a number", [HEAD.replace("4321", ""), ITEM], (), ((2, "invoice_number", "it is empty"),))
    yield _invoices("an item of no quantity", [HEAD, ITEM.replace(";2;", ";0;")], (), ((2, "quantity", "less than 1"),))


def _invoices(name, rows, taken=(), refused=(), **how):
    data = "".join(f"{row}\n" for row in ["0;ERP", *rows, "9;9"][1:]).encode()
    return BadFile(f"records: {name}", "invoices", data, taken, refused, ending=".txt", layout=RECORDS, **how)


def _all_in_one():
    row = "300000187000012"
    yield _stock("records: a row cut off", ALL, [row, row[:9]], (1,), ((2, "", "characters"),), encoding="utf-8")
    yield _stock("records: a row without digits", ALL, ["300000187ABCDEF"], (), ((1, "quantity", "it is no number"),), encoding="utf-8")
    yield _stock("records: rows of other types alone", ALL, ["100000187CAMISETA", "200000187000008990"], (), encoding="utf-8")
    yield _stock("records: an empty line between", ALL, [row, "", row], (1, 3), encoding="utf-8")


def _ocoren():
    heads, event = (
        ["000REMETENTE", "340OCORR", "34112345678000195TRANSPORTADORA RAPIDA                   "],
        "34212ABC34501DE351  00004321012411202612000",
    )
    for name, line, column, words in (
        ("cut before the time", event[:38], "", "at least 42 columns"),
        ("of three letters", "342", "", "at least 42 columns"),
        ("of no invoice", event.replace("00004321", "00000000"), "", "no invoice number"),
        ("of an invoice of letters", event.replace("00004321", "ABC04321"), "", "no invoice number"),
        ("of an invoice of blanks", event.replace("00004321", "        "), "", "no invoice number"),
        ("of an invoice in full-width digits", event.replace("00004321", "１２３４５６７８"), "", "no invoice number"),
        ("of 31 February", event.replace("24112026", "31022026"), "event_date", "there is no such day"),
        ("of a day of zeros", event.replace("24112026", "00000000"), "event_date", "there is no such day"),
        ("of a day of letters", event.replace("24112026", "HOJE    "), "event_date", "it is no date"),
        ("at 25 o'clock", event.replace("2026" + "1200", "2026" + "2500"), "event_date", "there is no such day or time"),
        ("of no known record", "999FIM", "", "no record of an OCOREN"),
        ("of a page's foot", "Página 1", "", "no record of an OCOREN"),
        ("shifted to the right", " " + event, "", "no record of an OCOREN"),
    ):
        data = "".join(f"{row}\r\n" for row in [*heads, line, event]).encode()
        yield BadFile(f"ocoren: an event {name}", "tracking", data, (5,), ((4, column, words),), ending=".txt")
    data = "".join(f"{row}\n" for row in [*heads, event.replace("4321" + "01", "4321" + "77")]).encode()
    yield BadFile("ocoren: a code that nobody knows", "tracking", data, (4,), said=(4, "delivered", False), ending=".txt")
    data = "".join(f"{row}\n" for row in [*heads, event, event]).encode()
    yield BadFile("ocoren: an event twice", "tracking", data, (4, 5), said=(5, "invoice_number", "4321"), ending=".txt")
    yield BadFile("ocoren: heads without events", "tracking", "\n".join(heads).encode(), (), ending=".txt")
    yield BadFile("ocoren: no interchange", "tracking", f"340OCORR\n{event}\n".encode(), file="is no header", ending=".txt")
    data = "\n".join([heads[0], heads[1] + "x" * 2500, event, ""]).encode()
    yield BadFile("ocoren: a record far too long", "tracking", data, (3,), ((2, "", "no record"),) * 2, ending=".txt")
