"""Sentences of ours in the language of whoever reads them, as far as the catalogues go; the others stay English."""

from __future__ import annotations

from connector.formats.translating import phrases


def said(text: str, language: str) -> str:
    """Say a reason or an outcome in Portuguese, where the catalogue of errors files has it."""
    return phrases("pt").said(text) if language == "pt" else text
