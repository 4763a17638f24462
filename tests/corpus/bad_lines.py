"""Lines that are not what the header announces: fields, quotation marks, line ends, blank and foreign lines, trailers cut off."""

from corpus.bad_file import BadFile, lines

HEAD, A, B, C = "sku;price;list_price", "A;10,00;12,00", "B;10,00;12,00", "C;10,00;12,00"
PRODUCTS = "sku;product_id;product_name;brand;category;weight;description"
FIELDS = "fields, the header 3"
NOT_CLOSED = "a quotation mark is not closed"


def _with(name, line, *refused, taken=(2, 4), **how):
    """One odd line between good ones."""
    return BadFile(f"lines: {name}", "prices", lines(HEAD, A, line, C), taken, refused, **how)


def _only(name, line, words, **how):
    return _with(name, line, (3, "", words), **how)


def _taken(name, line, value=1000, **how):
    return _with(name, line, taken=(2, 3, 4), said=(3, "price_cents", value), **how)


def bad_lines():
    """Yield them."""
    yield from _fields()
    yield from _quotes()
    yield from _ends()
    yield from _blocks()


def _fields():
    yield _only("one field too few", "B;10,00", "the line has 2 fields, the header 3")
    yield _only("one field alone", "B", "the line has 1 fields")
    yield _only("one field too many", "B;10,00;12,00;x", "the line has 4 fields")
    yield _only("a delimiter at the end", "B;10,00;12,00;", "it ends with a delimiter that the header has not")
    yield _only("a delimiter at the beginning", ";B;10,00;12,00", FIELDS)
    yield _only("a delimiter twice", "B;;10,00;12,00", FIELDS)
    yield _only("another delimiter", "B,10,00,12,00", "the line has 1 fields")
    yield _only("tabs for delimiters", "B\t10,00\t12,00", "the line has 1 fields")
    yield _only("bars for delimiters", "B|10,00|12,00", "the line has 1 fields")
    yield _only("a delimiter in a name", "B;preto;10,00;12,00", FIELDS)
    yield _only("two lines in one", "B;10,00;12,00D;10,00;12,00", "the line has 5 fields")
    yield _only("a comment", "# feito pelo ERP", "the line has 1 fields")
    yield _only("a total", "Total: 3", "the line has 1 fields")
    yield _only("a page's foot", "Página 1 de 2", "the line has 1 fields")
    yield _only("a ruler", "-----------", "the line has 1 fields")
    yield _only("an error of the database's", "ORA-01555: snapshot too old", "the line has 1 fields")
    yield _only("HTML", "<html><body>504</body></html>", "the line has 1 fields")
    yield _only("a hundred delimiters", ";" * 100, "the line has 101 fields")
    yield _with("the header again", HEAD, (3, "price", "it is no number"))
    yield _with("columns the wrong way round", "10,00;B;12,00", (3, "price", "it is no number"))
    yield _with("delimiters alone", ";;", (3, "sku", "it is empty; price: it is empty"))
    yield _with("two bad cells", "B;x;y", (3, "price", "it is no number; list_price: it is no number"))
    yield _with("a key alone", "B;;", (3, "price", "it is empty"))
    yield _with("a blank line", "", taken=(2, 4))
    yield _with("a line of blanks", "   ", taken=(2, 4))
    yield _with("a line of a tab", "\t", taken=(2, 4))
    yield _taken("blanks around cells", " B ;  10,00 ;12,00  ")
    yield _taken("an empty last cell", "B;10,00;")
    yield _with("a hundred thousand letters in a key", f"{'x' * 100_000};10,00;12,00", (3, "sku", "it has 100000 letters, more than 255"))


def _quotes():
    yield _taken("quoted cells", '"B";"10,00";"12,00"')
    yield _taken("a quoted delimiter", '"B;1";10,00;12,00')
    yield _taken("doubled quotation marks", '"B ""grande""";10,00;12,00')
    yield _taken("a quotation mark within a cell", 'B 15";10,00;12,00')
    yield _only("a quotation mark that is not closed", '"B;10,00;12,00', "quot")
    yield _only("a quotation mark that is not closed at the end", 'B;10,00;"12,00', "quot")
    yield _only("text after a quoted cell", '"B"x;10,00;12,00', "the line cannot be cut into fields")
    yield _only("a quotation mark within quotation marks", '"B "grande"";10,00;12,00', "the line cannot be cut into fields")
    yield _with("single quotation marks", "B;'10,00';12,00", (3, "price", "it is no number"))
    yield _with("curly quotation marks", "B;\u201c10,00\u201d;12,00", (3, "price", "it is no number"))
    yield _with("a break within a quoted number", 'B;"10,\n00";12,00', (3, "price", "it is no number"), taken=(2, 5))
    yield _with("a break within a quoted key", '"B\nb";10,00;12,00', (3, "sku", "a line break"), taken=(2, 5))
    swallowing = lines(HEAD, A, '"B;10,00;12,00', C, 'D;10,00;12,00"')
    yield BadFile(
        "lines: a quoted cell over two rows",
        "prices",
        swallowing,
        (2, 4),
        ((3, "", "which is a row of its own"), (5, "list_price", "it is no number")),
    )
    last = lines(HEAD, A, 'B;10,00;"12,00').rstrip(b"\n")
    yield BadFile("lines: a quotation mark open at the file's end", "prices", last, (2,), ((3, "", NOT_CLOSED),))
    text = lines(PRODUCTS, 'A;P;N;M;C;1;"um\ndois\n\ntrês"', "B;P;N;M;C;1;d")
    yield BadFile("lines: a description of four lines", "products", text, (2, 6), said=(2, "description", "um\ndois\n\ntrês"))
    text = lines(PRODUCTS, 'A;P;N;M;C;1;"aberta', *(f"B{n};P;N;M;C;1;d" for n in range(3)))
    yield BadFile("lines: a description that is not closed", "products", text, (3, 4, 5), ((2, "", "quot"),))


def _ends():
    rows = (HEAD, A, B, C)
    yield BadFile("ends: CR LF", "prices", lines(*rows, end="\r\n"), (2, 3, 4), said=(4, "sku", "C"))
    yield BadFile("ends: CR", "prices", lines(*rows, end="\r"), (2, 3, 4), said=(4, "list_price_cents", 1200))
    yield BadFile("ends: LF and CR LF", "prices", f"{HEAD}\r\n{A}\n{B}\r\n{C}\n".encode(), (2, 3, 4), said=(4, "sku", "C"))
    yield BadFile("ends: none behind the last", "prices", lines(*rows).rstrip(b"\n"), (2, 3, 4))
    yield BadFile("ends: a hundred behind the last", "prices", lines(*rows) + b"\n" * 100, (2, 3, 4))
    yield BadFile("ends: DOS's mark of the end", "prices", lines(*rows) + b"\x1a", (2, 3, 4))
    yield BadFile("ends: a blank line between all", "prices", lines(*rows, end="\n\n"), (3, 5, 7))
    yield BadFile("ends: blank lines above the header", "prices", b"\n\n" + lines(*rows), (4, 5, 6))
    yield BadFile("ends: CR twice", "prices", lines(HEAD, A, end="\r\r\n"), (), ((2, "list_price", "it is no number"),))
    yield BadFile("ends: a vertical tab", "prices", f"{HEAD}\n{A}\x0b{B}\n".encode(), (), ((2, "", FIELDS),))
    yield BadFile("ends: a form feed", "prices", f"{HEAD}\n{A}\n\x0c\n{B}\n".encode(), (2, 4))
    yield BadFile("ends: Unicode's line separator", "prices", f"{HEAD}\n{A}\u2028{B}\n".encode(), (), ((2, "", FIELDS),))
    yield BadFile("ends: Unicode's next line", "prices", f"{HEAD}\n{A}\x85{B}\n".encode(), (), ((2, "", FIELDS),))
    yield BadFile("ends: cut within the last number", "prices", lines(HEAD, A, B)[:-3], (2,), ((3, "list_price", "it is no number"),))
    yield BadFile(
        "ends: cut within the last key", "prices", lines(HEAD, A, "Ber;10,00;12,00")[:-13], (2,), ((3, "", "the line has 1 fields"),)
    )
    yield BadFile("ends: cut within the header", "prices", HEAD.encode()[:6], file="required column is missing: price")


def _blocks():
    long = lines(HEAD, *(f"S{n};10,00;12,00" for n in range(6000)), "ruim", "Z;10,00;12,00")
    yield BadFile("blocks: a bad line behind six thousand", "prices", long, (*range(2, 6002), 6003), ((6002, "", FIELDS),))
    wide = lines(HEAD, A, f"B;{'9' * 70_000};12,00", C)
    yield BadFile("blocks: a number longer than a block", "prices", wide, (2, 4), ((3, "price", "it is no number"),))
    endless = lines(HEAD, A) + b"x" * ((1 << 22) + (1 << 17))
    yield BadFile("blocks: a line of more than 4 MB", "prices", endless, file="a line is longer than 4 MB")
