"""Bytes that are no text, or text of two encodings; and headers that name the wrong columns."""

from corpus.bad_file import BadFile, lines

HEAD, A, C = "sku;product_id;product_name;brand;category;weight", "A;P;Calção;M;C;1", "C;P;Maçã;M;C;1"
TEXT = f"{HEAD}\n{A}\n{C}\n"


def bad_bytes():
    """Yield them."""
    yield from _encodings()
    yield from _no_text()
    yield from _headers()


def _encodings():
    yield _products("cp1252", TEXT.encode("cp1252"), (2, 3), said=(2, "product_name", "Calção"))
    yield _products("UTF-8 with a mark", TEXT.encode("utf-8-sig"), (2, 3), said=(3, "product_name", "Maçã"))
    yield _products("UTF-16", TEXT.encode("utf-16"), file="UTF-16")
    yield _products("UTF-16, most significant first", b"\xfe\xff" + TEXT.encode("utf-16-be"), file="UTF-16")
    yield _products("UTF-16 without a mark", TEXT.encode("utf-16-le"), file="NUL bytes")
    yield _products("UTF-32", TEXT.encode("utf-32-be"), file="NUL bytes")
    utf8 = TEXT.encode()
    yield _products("a line of cp1252 in UTF-8", utf8 + A.encode("cp1252") + b"\n", (2, 3), ((4, "", "this line is not"),))
    yield _products("a line of UTF-8 in cp1252", TEXT.encode("cp1252") + "B;P;Pão;M;C;1\n".encode(), (2, 3), ((4, "", "holds UTF-8"),))
    yield _products(
        "a byte that cp1252 does not know", TEXT.encode("cp1252") + b"B;P;\x81\xe7;M;C;1\n", (2, 3), ((4, "", "does not know"),)
    )
    yield _products("half a letter", utf8 + b"B;P;Pa\xc3;M;C;1\n", (2, 3), ((4, "", "this line is not"),))
    yield _products("a letter written too long", utf8 + b"B;P;\xc0\xaf;M;C;1\n", (2, 3), ((4, "", "this line is not"),))
    yield _products("half a surrogate pair", utf8 + b"B;P;\xed\xa0\x80;M;C;1\n", (2, 3), ((4, "", "this line is not"),))
    yield _products("a letter beyond Unicode", utf8 + b"B;P;\xf4\x90\x80\x80;M;C;1\n", (2, 3), ((4, "", "this line is not"),))
    yield _products("a mark within the file", utf8 + "\ufeffB;P;N;M;C;1\n".encode(), (2, 3, 4), said=(4, "sku", "\ufeffB"))
    yield _products("a flag and a family", utf8 + "B;P;🇧🇷👨‍👩‍👧;M;C;1\n".encode(), (2, 3, 4), said=(4, "product_name", "🇧🇷👨‍👩‍👧"))
    yield _products(
        "accents of their own", utf8 + "B;P;Mac\u0327a\u0303;M;C;1\n".encode(), (2, 3, 4), said=(4, "product_name", "Mac\u0327a\u0303")
    )
    yield _products("a header of another encoding", "sku;preço\n".encode("cp1252") + "A;ç\nB;ã\nC;é\n".encode(), file="the header")


def _products(name, data, taken=(), refused=(), **how):
    return BadFile(f"bytes: {name}", "products", data, taken, refused, **how)


def _no_text():
    yield BadFile("bytes: none", "prices", b"", file="it is empty")
    yield BadFile("bytes: line ends alone", "prices", b"\r\n\r\n", file="it is empty")
    yield BadFile("bytes: a mark alone", "prices", b"\xef\xbb\xbf", file="it is empty")
    yield BadFile("bytes: NULs alone", "prices", bytes(4096), file="NUL bytes")
    yield BadFile("bytes: a PDF", "prices", b"%PDF-1.7\n1 0 obj\n", file="a PDF document")
    yield BadFile("bytes: RTF", "prices", b"{\\rtf1\\ansi sku;price}", file="it is RTF")
    yield BadFile("bytes: RAR", "prices", b"Rar!\x1a\x07\x01\x00", file="RAR")
    yield BadFile("bytes: 7-Zip", "prices", b"7z\xbc\xaf\x27\x1c\x00\x04", file="7-Zip")
    yield BadFile("bytes: an old Office document", "prices", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), file="old Office document")
    yield BadFile("bytes: a picture", "prices", b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 8, file="")._replace(file="binary content")
    yield BadFile("bytes: a program", "prices", b"\x7fELF\x02\x01\x01" + bytes(60), file="NUL bytes")
    yield BadFile("bytes: a page of a web server's", "prices", b"<html><body><h1>502 Bad Gateway</h1></body></html>\n", file="is no header")
    yield BadFile("bytes: an answer in JSON", "prices", b'{"error": "no permission"}\n', file="is no header")
    yield BadFile("bytes: an error of a driver's", "prices", b"Driver not loaded\nConnection refused\n", file="is no header")
    good = lines("sku;price", "A;1,00", "B;2,00")
    yield BadFile("bytes: a NUL in a key", "prices", good + b"C\x00;3,00\n", (2, 3), ((4, "sku", "control character"),))
    yield BadFile("bytes: a NUL in a price", "prices", good + b"C;3\x00,00\n", (2, 3), ((4, "price", "it is no number"),))
    yield BadFile("bytes: a NUL behind the last line", "prices", good + b"\x00", (2, 3), ((4, "", "fields"),))
    yield BadFile("bytes: eight NULs", "prices", good + b"C" + bytes(8) + b";3,00\n", (2, 3), ((4, "sku", "control character"),))
    yield BadFile("bytes: colours of a terminal", "prices", good + b"\x1b[31mC\x1b[0m;3,00\n", (2, 3), ((4, "sku", "control character"),))


def _headers():
    row = "A;1,00;2,00"
    yield _header("none", lines(row, row), file="is no header")
    yield _header("of another feed", lines("order_id;reason", "1;x"), file="is no header")
    yield _header("a column missing", lines("sku;list_price", "A;1"), file="required column is missing: price")
    yield _header("all but one misspelt", lines("sku;preco;lista", row), file="required column is missing: price")
    yield _header("a column twice", lines("sku;price;price", row), file="more than once")
    yield _header("a column twice in other letters", lines("sku;price;PRICE", row), file="more than once")
    yield _header("a delimiter too many", lines("sku;price;list_price;", row), (), ((2, "", "the line has 3 fields, the header 4"),))
    yield _header("names alone", lines("sku;price"), ())
    yield _header("in capitals", lines("SKU;PRICE;LIST_PRICE", row), (2,), said=(2, "list_price_cents", 200))
    yield _header("quoted", lines('"sku";"price";"list_price"', row), (2,), said=(2, "list_price_cents", 200))
    yield _header("with blanks", lines(" sku ; price; list_price ", row), (2,), said=(2, "price_cents", 100))
    yield _header("in another order", lines("list_price;price;sku", "2,00;1,00;A"), (2,), said=(2, "list_price_cents", 200))
    yield _header("an unknown column", lines("sku;cor;price", "A;azul;1,00"), (2,), said=(2, "price_cents", 100))
    yield _header("a column without a name", lines("sku;;price", "A;x;1,00"), (2,), said=(2, "price_cents", 100))
    yield _header("a title above", lines("Tabela de preços;;", "sku;price;list_price", row), file="is no header")
    yield _header("Excel's line sep=;", lines("sep=;", "sku;price", "A;1,00"), file="is no header")
    yield _header("with commas", lines("sku,price,list_price", "A,1.00,2.00"), (2,), said=(2, "list_price_cents", 200))
    yield _header("with tabs", lines("sku\tprice\tlist_price", "A\t1,00\t2,00"), (2,), said=(2, "price_cents", 100))
    yield _header("with bars", lines("sku|price|list_price", "A|1,00|2,00"), (2,), said=(2, "list_price_cents", 200))
    yield _header("with commas above semicolons", lines("sku,price", "A;1,00"), (2,), said=(2, "sku", "A;1"))
    yield _header("with a quotation mark that is not closed", lines('sku;"price', "A;1,00"), (2,), said=(2, "price_cents", 100))
    yield _header("a million letters", b"x" * 1_000_000 + b"\n" + lines(row), file="is no header")


def _header(name, data, taken=(), refused=(), **how):
    return BadFile(f"header: {name}", "prices", data, taken, refused, **how)
