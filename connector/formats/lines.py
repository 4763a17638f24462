"""A text file as numbered lines, in chunks: bounded memory, cut at C speed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from connector.errors import FileRefused
from connector.formats.encoding import Text, damage, may_hold_utf8

CHUNK = 1 << 16
"""Twice as fast as half a megabyte: what is cut stays in the processor's cache until it is read."""
LONGEST_LINE = 1 << 22
END = b"\x1a"
"""What DOS programs write behind the last line: the file's end, no row."""


@dataclass(slots=True)
class Chunk:
    """Consecutive lines, without their ends; `damaged` names by position those that contradict the file's encoding, and why."""

    first: int
    lines: list[str]
    damaged: dict[int, str] = field(default_factory=dict)
    is_plain: bool = True
    """No quotation mark and no damage: every line is a row or blank."""


def chunks(path: Path, text: Text, end: int | None = None) -> Iterator[Chunk]:
    """Yield a file's lines up to byte `end` (None: all of it), numbered from 1. Raises FileRefused for a line without end."""
    first = 1
    for piece in _pieces(path, text, end):
        chunk = _chunk(piece, first, text)
        first += len(chunk.lines)
        yield chunk


def _pieces(path: Path, text: Text, end: int | None) -> Iterator[bytes]:
    """Cut the bytes into pieces that end where a line ends."""
    with path.open("rb") as file:
        file.seek(text.start)
        carry = b""
        while data := _read(file, end):
            cut = data.rfind(text.newline) + 1
            if cut:
                yield carry + data[:cut]
            carry = data[cut:] if cut else carry + data
            if len(carry) > LONGEST_LINE:
                raise FileRefused(f"{path.name}: a line is longer than {LONGEST_LINE >> 20} MB", remedy="is it a text file with line ends?")
        if rest := carry.rstrip(END):
            yield rest


def _read(file: BinaryIO, end: int | None) -> bytes:
    return file.read(CHUNK if end is None else max(0, min(CHUNK, end - file.tell())))


def _chunk(piece: bytes, first: int, text: Text) -> Chunk:
    body = piece.removesuffix(text.newline)
    if not piece.isascii() and _needs_a_look(piece, text.encoding):
        return _looked_at(body.split(text.newline), first, text.encoding)
    whole = body.decode(text.encoding)
    is_plain = '"' not in whole
    if is_plain and text.newline == b"\n" and "\r" in whole:
        whole = whole.replace("\r\n", "\n").removesuffix("\r")
    return Chunk(first, whole.split(text.newline.decode()), is_plain=is_plain)


def _needs_a_look(piece: bytes, encoding: str) -> bool:
    if encoding == "cp1252" and may_hold_utf8(piece):
        return True
    try:
        piece.decode(encoding)
    except UnicodeDecodeError:
        return True
    return False


def _looked_at(raw: list[bytes], first: int, encoding: str) -> Chunk:
    damaged = {at: why for at, line in enumerate(raw) if (why := damage(line, encoding))}
    lines = [line.decode(encoding, errors="replace" if at in damaged else "strict") for at, line in enumerate(raw)]
    return Chunk(first, lines, damaged, is_plain=False)
