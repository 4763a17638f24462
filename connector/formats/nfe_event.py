"""Events of an NF-e (procEventoNFe): what was registered about an invoice after it was authorised.

Codes are those of the NF-e's manual: 110111 cancellation, 110112 cancellation by substitution; 135, 136 and 155 say that an event is
registered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from connector.domain.brazil import is_nfe_key, nfe_number
from connector.domain.documents import CANCELLED_NFE
from connector.errors import FileRefused
from connector.formats.record import Flaw
from connector.formats.xml_reading import NAMESPACE, text_at

EVENT = f"{NAMESPACE}procEventoNFe"
CANCELLATIONS = ("110111", "110112")
REGISTERED = ("135", "136", "155")
LONGEST = 255
"""Characters of a justification that a sentence tells."""


@dataclass(frozen=True, slots=True)
class Event:
    """A registered event: the NF-e's key, the event's type, when (as written) and why."""

    key: str
    type: str
    at: str
    why: str

    @property
    def number(self) -> str:
        return nfe_number(self.key)

    @property
    def is_cancellation(self) -> bool:
        return self.type in CANCELLATIONS

    @property
    def sentence(self) -> str:
        if self.is_cancellation:
            return f"NF-e {self.number} was cancelled at SEFAZ on {self.at} ({self.why or 'no reason given'})"
        return f"event {self.type} of NF-e {self.number} changes nothing that a marketplace knows"

    def as_flaw(self) -> Flaw:
        return Flaw(1, self.key, self.sentence, (CANCELLED_NFE + self.key, self.number))


def read_event(path: Path, root: Element) -> Event:
    """Read an event that was registered in the production environment. Raises FileRefused for any other."""
    sent, answer = "evento/infEvento", "retEvento/infEvento"
    event = Event(
        text_at(root, f"{sent}/chNFe"),
        text_at(root, f"{sent}/tpEvento"),
        _shown(text_at(root, f"{sent}/dhEvento")),
        _shown(text_at(root, f"{sent}/detEvento/xJust")),
    )
    status, environments = text_at(root, f"{answer}/cStat"), {text_at(root, f"{sent}/tpAmb"), text_at(root, f"{answer}/tpAmb")}
    _demand(path, is_nfe_key(event.key) and text_at(root, f"{answer}/chNFe") in ("", event.key), "its access key is no valid key")
    _demand(path, status in REGISTERED, f"the event of NF-e {event.number} is not registered: cStat is {_shown(status) or 'missing'}")
    _demand(path, environments <= {"1", ""} and "1" in environments, "the event was sent for tests (tpAmb is not 1)")
    return event


def _demand(path: Path, holds: bool, otherwise: str) -> None:
    if not holds:
        raise FileRefused(f"{path.name}: {otherwise}", remedy="send the event as SEFAZ returned it, with its registration")


def _shown(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
