"""Text of others as it may be shown: nothing in it acts on the page, hides, or turns the line around."""

from __future__ import annotations

import unicodedata

LONGEST_CELL = 300
_VISIBLE = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}
_TURNING = (0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
"""Marks that turn the direction of writing, and those that take no room."""
_SHOWN = {**_VISIBLE, **dict.fromkeys(_TURNING, "\ufffd")}


def shown(value: object) -> object:
    """Make a text's invisible characters visible; what is no text, or is safe by itself, stays. Halves of surrogate pairs are marked."""
    if type(value) is not str:
        return value
    return value.translate(_SHOWN).encode("utf-8", "replace").decode("utf-8")


def begun(text: str) -> str:
    """Begin a sentence of ours with a capital letter; a file's name (prices/1.csv) stays. No name of others may stand first."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.rstrip(":;,").isalpha() else text


def cut(text: object, longest: int = LONGEST_CELL) -> str:
    """Cut a text to so many characters; what stands over it (a hundred accents on one letter) is kept short by that, too."""
    whole = unicodedata.normalize("NFC", str(text))
    return whole if len(whole) <= longest else whole[:longest] + "…"
