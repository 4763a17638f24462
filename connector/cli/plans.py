"""A plan as a person reads it: what would be added, changed and removed, and what is refused or held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.cli import show
from connector.domain.money import units

NAMED = 10
"""So many rows that would be stopped are named in short."""
LONGEST = 30
"""Letters of a sample's value that are shown."""
NOTHING = ("", None, "[]", "{}")
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
        _samples(title, plan["samples"].get(action, []), plan[action])
    _rows("Refused", plan.get("rejected", []), plan["refused"])
    _rows("Held", plan.get("held_rows", []), plan["held"])


def what_stops(plan: Mapping[str, Any]) -> str:
    """Say in short what of a plan would be refused or held, "" where all of it would be applied."""
    rows = [f"{plan[state]} {state} ({_named(found, plan[state])})" for state, found in _stopped(plan) if plan[state]]
    whole = {"refuse": "it would be refused whole", "hold": "it would be held"}.get(plan["verdict"])
    return "; ".join([*([whole] if whole else []), *rows])


def _stopped(plan: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        ("refused", [f"line {row['line']}" for row in plan["rejected"]]),
        ("held", [f"{row['key']}" for row in plan["held_rows"]]),
    ]


def _named(found: list[str], count: int) -> str:
    named = found[:NAMED]
    return show.words(", ".join(named)) + (f" and {count - len(named)} more" if count > len(named) else "")


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
    names = _telling(rows)
    show.say()
    show.table(_titled(title, rows, count), [_name(n) for n in names], ([_value(n, row.get(n)) for n in names] for row in rows))


def _samples(title: str, rows: list[dict[str, Any]], count: int) -> None:
    """Print rows of the snapshot, a line each: as many of their fields as the terminal has room for, and the names of the others."""
    if not rows:
        return
    names = _telling(rows)
    cells = [[_cut(_value(name, row.get(name))) for name in names] for row in rows]
    room = show.room([_name(name) for name in names], cells)
    more = f"; --json tells {', '.join(_name(name) for name in names[room:])} too" if room < len(names) else ""
    show.say()
    show.table(_titled(title, rows, count) + more, [_name(name) for name in names[:room]], (row[:room] for row in cells))


def _titled(title: str, rows: list[dict[str, Any]], count: int) -> str:
    return title + (f" (the first {len(rows)} of {count})" if count > len(rows) else "")


def _telling(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns in which any row says something."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if any(row.get(name) not in NOTHING for row in rows)]


def _cut(value: Any) -> str:
    text = show.words(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _name(name: str) -> str:
    return name.removesuffix("_cents")


def _value(name: str, value: Any) -> Any:
    """Write cents in the currency's unit, and a change as before → after."""
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004  # before and after
        return " → ".join(show.words(_value(name, part)) for part in value)
    return units(value) if name.endswith("_cents") and isinstance(value, int) else value
