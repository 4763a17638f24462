"""What is kept between runs is thrown away when the code that made it has changed: another version reads other states."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import connector
import jobs

ROOTS = [Path(package.__file__ or "").parent for package in (connector, jobs)]
BENCH = Path(__file__).parent


def cleared(work: Path) -> Path:
    """Return the folder with what can still be used in it."""
    peers = [BENCH / "exports.py", *sorted((BENCH / "peers").glob("*.py"))]
    everything = [path for root in ROOTS for path in sorted(root.rglob("*.py"))]
    _clear(work, "files", peers[:1], ("files",))
    _clear(work, "peers", peers, ("peers",))
    _clear(work, "projects", everything, ("projects", "round"))
    return work


def _clear(work: Path, name: str, made_by: Iterable[Path], folders: Iterable[str]) -> None:
    mark = sha256(b"\0".join(path.read_bytes() for path in made_by)).hexdigest()
    noted = work / f"{name}.made-by"
    if not noted.is_file() or noted.read_text(encoding="ascii") != mark:
        for folder in folders:
            shutil.rmtree(work / folder, ignore_errors=True)
        noted.write_text(mark, encoding="ascii")
