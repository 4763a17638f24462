"""A plan as a person reads it: what would be added, changed and removed, and what is refused or held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.cli import show
from connector.domain.money import units

VERDICTS = {"apply": "It would be applied.", "hold": "It would be held for a person's yes:", "refuse": "It would be refused whole:"}


def print_plan(plan: Mapping[str, Any]) -> None:
    """Print the plan of one file, its samples (up to ten of each) as tables."""
    fields = ", ".join(f"{_name(name)} {count}" for name, count in plan["changed_by_field"].items())
    changed = f"{plan['changed']} changed" + (f" ({fields})" if fields else "")
    counts = f"{plan['added']} added, {changed}, {plan['removed']} removed, {plan['refused']} refused, {plan['held']} held"
    show.say(f"{plan['name']} ({plan['feed']}, {plan['mode']}): {counts}; {plan['rows_read']} rows, the snapshot holds {plan['present']}")
    for note in plan["notes"]:
        show.say(f"  {note}")
    show.say(" ".join([VERDICTS[plan["verdict"]], *plan["reasons"]]))
    for action, title in (("added", "Added"), ("changed", "Changed"), ("removed", "Removed")):
        _rows(title, plan["samples"].get(action, []), plan[action])
    _rows("Refused", plan.get("rejected", []), plan["refused"])
    _rows("Held", plan.get("held_rows", []), plan["held"])


def print_hold(hold: Mapping[str, Any]) -> None:
    """Print why something is held, and the row, or the plan of the whole file."""
    show.fields({name: value for name, value in hold.items() if name not in ("row", "plan")})
    if hold["row"]:
        show.fields({"row": {_name(name): _value(name, value) for name, value in hold["row"].items() if value not in ("", None)}})
    elif hold["plan"]:
        print_plan(hold["plan"])


def _rows(title: str, rows: list[dict[str, Any]], count: int) -> None:
    if not rows:
        return
    more = f" (the first {len(rows)} of {count})" if count > len(rows) else ""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name) not in ("", None) for row in rows)]
    show.say()
    show.table(title + more, [_name(name) for name in names], ([_value(name, row.get(name)) for name in names] for row in rows))


def _name(name: str) -> str:
    return name.removesuffix("_cents")


def _value(name: str, value: Any) -> Any:
    """Write cents in the currency's unit, and a change as before → after."""
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004  # before and after
        return " → ".join(show.words(_value(name, part)) for part in value)
    return units(value) if name.endswith("_cents") and isinstance(value, int) else value
