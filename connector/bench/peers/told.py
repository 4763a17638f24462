"""How a peer's result is checked: the keys that it would tell the marketplace about, as a hash for each feed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FEEDS = ("products", "prices", "stock")


def digest(keys: Iterable[str]) -> str:
    """Return a hash of keys in their order."""
    return sha256("\n".join(sorted(keys)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Peer:
    """`refresh` brings a state file up to the exports in a folder, `told` lists a feed's changed keys, `forget` empties that list."""

    refresh: Callable[[Path, Path], None]
    told: Callable[[Path, str], Iterable[str]]
    forget: Callable[[Path], None]


def answer(peer: Peer) -> None:
    """Be a peer's command: refresh STATE FILES, told STATE (prints the hashes), or forget STATE."""
    verb, state, *files = sys.argv[1:]
    if verb == "refresh":
        peer.refresh(Path(state), Path(files[0]))
    elif verb == "forget":
        peer.forget(Path(state))
    else:
        print(json.dumps({feed: digest(peer.told(Path(state), feed)) for feed in FEEDS}))
