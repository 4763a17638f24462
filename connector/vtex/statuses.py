"""What VTEX says became of a suggestion. Its answer is published nowhere: names are read without case, unknown words wait (facts §2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connector.domain.listings import ListingState
from connector.vtex.complaints import one_line, parsed

_STATES = {
    **dict.fromkeys(("accepted", "approved"), ListingState.ACCEPTED),
    **dict.fromkeys(("denied", "refused", "rejected"), ListingState.DENIED),
    "pending": ListingState.SUGGESTED,
}
_STATUS = ("status", "suggestionstatus")
_REASONS = ("reason", "denialreason", "denyreason", "rejectionreason")
_OURS = "content"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class SuggestionStatus:
    """A state, the marketplace's own word for it, and its reason where it gives one. `is_plain`: the word is one that we know."""

    state: ListingState
    word: str
    reason: str
    is_plain: bool


def read(text: str) -> SuggestionStatus:
    """Read the answer to a question about a suggestion; never raises."""
    layers = list(_layers(parsed(text)))
    word, reason = _first(layers, _STATUS), _first(layers, _REASONS)
    state = _STATES.get(word.lower())
    return SuggestionStatus(state or ListingState.SUGGESTED, word, reason, is_plain=state is not None)


def _layers(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the document, then what lies in it, save what we sent ourselves."""
    if not isinstance(document, dict):
        return
    named = {str(name).lower(): value for name, value in document.items()}
    yield named
    for name, value in named.items():
        if name != _OURS and isinstance(value, dict):
            yield {str(inner).lower(): one for inner, one in value.items()}


def _first(layers: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    found = (layer[name] for layer in layers for name in names if isinstance(layer.get(name), str) and layer[name].strip())
    return one_line(next(found, ""), _LONGEST)
