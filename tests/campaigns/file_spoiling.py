"""Files broken as transports, editors, exports and hands break them. Everything comes from the chance that is passed in."""

import io
import re
import zipfile

SPLINTERS = [
    *b'"\x00\r\n;,\t|\x1a\x81\xe7',
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\xa7", "١".encode(), "１".encode(), b"1e400", b"9" * 30, b"NaN", b"=cmd()", b"-", b"\xa0"),
    *(
        b"<!DOCTYPE x>",
        b"&x;",
        b"<![CDATA[",
        b"</prod>",
        b"]]>",
        b"&#0;",
        b"<a>" * 200,
        "\u2028".encode(),
        "\ud800".encode("utf-8", "surrogatepass"),
    ),
]
CELLS = [
    b"",
    b" ",
    b"-1",
    b"0",
    b"1,2,3",
    b"1.234",
    b"1e3",
    b"N/A",
    b"null",
    b"#REF!",
    b"31/02/2026",
    b"R$ 10,00",
    b"x" * 300,
    b'"',
    b"=1+1",
    b"1 234,5",
]
ENCODINGS = ["cp1252", "utf-16", "utf-8-sig", "utf-32", "cp850", "utf-16-be"]


def damaged(dice, data, most=6):
    """Break a file one to so many times."""
    for _ in range(dice.randint(1, most)):
        data = dice.choice(WAYS)(dice, data, dice.randint(0, len(data)))
    return data


def repacked(dice, data):
    """Break a part of an archive or workbook and pack it again."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victim = dice.choice(names)
        for name in names:
            content = old.read(name)
            new.writestr(name, damaged(dice, content, 2) if name == victim else content)
    return made.getvalue()


def splinter(dice, data, at):
    piece = dice.choice(SPLINTERS)
    return data[:at] + (bytes([piece]) if isinstance(piece, int) else piece) + data[at:]


def _cell(dice, data, at):
    """Put another text into one cell, or between two tags."""
    found = list(re.finditer(rb"(?<=[;,\t|>])[^;,\t|<>\r\n]*(?=[;,\t|<\r\n])", data[at : at + 2000]))
    if not found:
        return data
    cell = dice.choice(found)
    return data[: at + cell.start()] + dice.choice(CELLS) + data[at + cell.end() :]


def _line(dice, data, change):
    lines = data.split(b"\n")
    at = dice.randrange(len(lines))
    lines[at : at + 1] = change(lines[at])
    return b"\n".join(lines)


def _recoded_line(dice, data, _):
    """Write one line in another encoding."""
    return _line(dice, data, lambda line: [line.decode("utf-8", "replace").encode(dice.choice(["cp1252", "utf-8", "cp850"]), "replace")])


WAYS = (
    splinter,
    splinter,
    _cell,
    _cell,
    _recoded_line,
    lambda dice, data, at: data[:at] + dice.randbytes(1) + data[at + 1 :],
    lambda dice, data, at: data[:at] + data[at + dice.randint(1, 20) :],
    lambda dice, data, _: data.replace(b";", dice.choice([b",", b"\t", b"|", b" "])),
    lambda dice, data, _: data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b";\n"])),
    lambda dice, data, at: data[:at] + data[: dice.randint(1, 80)] + data[at:],
    lambda _, data, at: data[:at],
    lambda dice, data, at: data[:at] + b"x" * dice.choice([10, 1000, 100_000]) + data[at:],
    lambda dice, data, _: data.decode("utf-8", "replace").encode(dice.choice(ENCODINGS), "replace"),
    lambda dice, data, _: b"\n".join(dice.sample(lines := data.split(b"\n"), len(lines))),
    lambda _, data, __: data.replace(b",", b"."),
    lambda dice, data, _: _line(dice, data, lambda line: [line, line]),
    lambda dice, data, _: _line(dice, data, lambda _: []),
    lambda dice, data, _: _line(dice, data, lambda line: [line[: len(line) // 2]]),
    lambda dice, data, _: _line(dice, data, lambda line: [line + b" " * 40]),
    lambda dice, data, _: _line(dice, data, lambda line: [b" " + line]),
    lambda dice, data, _: _line(dice, data, lambda line: [line.replace(b";", b";;", 1)]),
    lambda dice, data, _: _line(dice, data, lambda line: [b";".join(line.split(b";")[::-1])]),
    lambda dice, data, _: _line(dice, data, lambda line: [line.upper()]),
    lambda _, data, at: data[:at] + bytes(16) + data[at + 16 :],
    lambda _, data, __: data + data,
)
