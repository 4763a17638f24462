"""One thing that `connector check` looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, WARN, FAIL, UNREACHABLE = "ok", "warn", "fail", "unreachable"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `state` is ok, warn, fail or unreachable."""

    name: str
    state: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
