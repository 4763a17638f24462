"""Whether a row that was read says what the file says: every value must stand in the lines that the row was read from, to the letter."""

import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from connector.formats.encoding import LOOK

MARKS = re.compile(r"[.,\s'’]")


class Said:
    """A file's text in the encodings that it may be of, cut at its lines. `by_line` is False where lines are no rows (XML)."""

    def __init__(self, data, *, by_line=True):
        self.by_line = by_line
        encodings = ("utf-8-sig", "cp1252", "cp850") if by_line else ("utf-8-sig", "cp1252", "utf-16-le", "utf-16-be")
        texts = [data.decode(encoding, "replace") for encoding in encodings]
        self.texts = [*texts, *(text.replace('""', '"') for text in texts if '""' in text)]
        head = data[:LOOK]
        newline = "\n" if b"\n" in head or b"\r" not in head else "\r"
        self.lines = [text.split(newline) for text in self.texts]

    def near(self, line, until):
        """Return what the lines from one to before another hold, in each encoding."""
        if not self.by_line:
            return self.texts
        return ["\n".join(lines[line - 1 : max(until - 1, line)]) for lines in self.lines]


def unsaid(said, fields, rows, skipped=frozenset()):
    """Return line, field and value of what its lines do not hold. `rows` are (line, values); `skipped` are fields not to look at."""
    begins = sorted({line for line, _ in rows})
    ends = dict(zip(begins, [*begins[1:], 10**9], strict=False))
    found = []
    for line, values in rows:
        texts = said.near(line, ends[line])
        for field, value in zip(fields, values, strict=True):
            told = value.lstrip("0") if field.startswith("zip_") else value  # a CEP kept as a number gets its zero back
            if field not in skipped and not any(holds(text, told) for text in texts):
                found.append((line, field, value))
    return found


def holds(text, value):
    """Tell whether a text holds a value, whatever marks its numbers have."""
    if value is None or isinstance(value, bool) or value in {"", 0}:
        return True
    if isinstance(value, datetime | date):
        return any(_holds_day(text, value + timedelta(days=days)) for days in (-1, 0, 1))
    if isinstance(value, int | float | Decimal):
        return _digits(value) in MARKS.sub("", text)
    if value[0] in "[{":
        return all(holds(text, leaf) for leaf in _leaves(value)) or value in text
    return (
        value.casefold() in text.casefold()
        or MARKS.sub("", value).replace("-", "").casefold() in MARKS.sub("", text).replace("-", "").casefold()
    )


def _digits(value):
    return f"{value:f}".replace(".", "").strip("0-") if isinstance(value, float | Decimal) else str(value).strip("0-")


def _holds_day(text, day):
    return all(f"{part:02d}"[-2:] in text for part in (day.day, day.month, day.year))


def _leaves(value):
    """Every text that a JSON text holds."""
    try:
        found = [json.loads(value)]
    except ValueError:
        return
    while found:
        one = found.pop()
        if isinstance(one, list):
            found += one
        elif isinstance(one, dict):
            found += [*one.keys(), *one.values()]
        elif isinstance(one, str):
            yield from (part for part in one.split("\n") if part)
