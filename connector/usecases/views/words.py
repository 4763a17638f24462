"""Sentences of ours in the language of whoever reads them, as far as the catalogues go; the others stay English."""

from __future__ import annotations

from connector.formats.translating import phrases


def said(text: str, language: str) -> str:
    """Say a reason, an alarm or what happened to an order in Portuguese or Spanish, where a catalogue has it."""
    return text if language == "en" else phrases(f"console.{language}").said(text)
