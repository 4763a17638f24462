"""Several files of one archive read as one table: their lines are numbered on, as those of a workbook's sheets are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import FileRefused
from connector.formats.header import NAMED
from connector.formats.record import Block, Flaw, Table
from connector.formats.trailer import Trailer, check_rows


@dataclass(frozen=True, slots=True)
class Link:
    """One file of an archive: its name, its table and its trailer, or why it is refused by itself (`table` None)."""

    name: str
    table: Table | None
    trailer: Trailer | None = None
    reason: str = ""


class ChainedTable:
    """The rows of one or more files of an archive, one after the other. Raises FileRefused where their columns differ.

    A file that is refused by itself is a flaw of its own, whose key no row has.
    """

    def __init__(self, path: Path, links: Sequence[Link], notes: Sequence[str]) -> None:
        self._path, self._links, self._left_out = path, links, notes
        self._begins: list[int] = []
        tables = [link.table for link in links if link.table is not None]
        if not tables:
            raise FileRefused(f"{path.name}: none of the files in it can be read; {links[0].reason}")
        self.names, self.decimal = tables[0].names, tables[0].decimal
        for link in links:
            if link.table is not None and link.table.names != self.names:
                raise FileRefused(
                    f"{path.name}: {link.name} in it has other columns than {links[0].name}", remedy="give all files of an archive the same"
                )

    @property
    def notes(self) -> list[str]:
        """Say of each file how it is read, and from where its lines are counted; the same is not said twice."""
        told = list(dict.fromkeys(note for link in self._links[:NAMED] if link.table is not None for note in link.table.notes))
        names = ", ".join(self._begun(at, link.name) for at, link in enumerate(self._links[:NAMED]))
        more = f" and {len(self._links) - NAMED} more" if len(self._links) > NAMED else ""
        return [f"unpacked: {names}{more}", *self._left_out, *told]

    def _begun(self, at: int, name: str) -> str:
        line = self._begins[at] if at < len(self._begins) else 1
        return f"{name} (its line 1 counted as {line})" if line > 1 else name

    def blocks(self) -> Iterator[Block]:
        offset = 0
        self._begins.clear()
        for at, link in enumerate(self._links):
            self._begins.append(offset + 1)
            last = 1
            for block in self._blocks(link, at):
                last = max(last, *(lines[-1] for lines in (block.lines, [flaw.line for flaw in block.flaws]) if lines), last)
                yield _moved(block, offset)
            offset += last

    def _blocks(self, link: Link, at: int) -> Iterator[Block]:
        if link.table is None:
            yield Block((), [()] * len(self.names), [Flaw(1, link.name, link.reason, (f"file {at + 1} of the archive?", f"file {at + 1}"))])
            return
        count = 0
        for block in link.table.blocks():
            count += len(block.lines) + len(block.flaws)
            yield block
        if link.trailer is not None:
            check_rows(self._path, link.trailer, count)


def _moved(block: Block, offset: int) -> Block:
    if not offset:
        return block
    lines = [line + offset for line in block.lines]
    return Block(lines, block.columns, [Flaw(flaw.line + offset, flaw.value, flaw.reason, flaw.cells) for flaw in block.flaws])
