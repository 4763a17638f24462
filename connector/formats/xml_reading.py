"""XML of the NF-e family, read within limits: no DTD, no entities, no depth or mass that no invoice has."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from connector.errors import FileRefused

NAMESPACE = "{http://www.portalfiscal.inf.br/nfe}"
MOST_BYTES = 5 << 20
MOST_ELEMENTS = 200_000
"""An NF-e of 990 items, the most it may have, has about a quarter of it."""
DEEPEST = 50
PIECE = 1 << 16


class Bounded(TreeBuilder):
    """Builds a tree, and raises ValueError as soon as it grows as no invoice does."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._elements += 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST}")
        if self._elements > MOST_ELEMENTS:
            raise ValueError(f"more than {MOST_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def read_xml(path: Path) -> Element:
    """Read a file's root. Raises FileRefused for what is no XML, is too large, or holds a DTD."""
    if path.stat().st_size > MOST_BYTES:
        raise FileRefused(
            f"{path.name}: it is larger than {MOST_BYTES >> 20} MB", remedy="an NF-e is far smaller: is it one file an invoice?"
        )
    parser = DefusedXMLParser(target=Bounded(), forbid_dtd=True)
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                parser.feed(piece)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError, AssertionError) as error:
        raise FileRefused(
            f"{path.name}: it is no XML that an NF-e can be ({error})", remedy="send the file as SEFAZ returned it"
        ) from error
    return root


def text_at(root: Element, place: str) -> str:
    """Return the text of an element below another by its path ("infNFe/ide/nNF"), "" where there is none."""
    found = root.find("/".join(NAMESPACE + tag for tag in place.split("/")))
    return (found.text or "").strip() if found is not None else ""
