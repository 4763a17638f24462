"""What each act of the console does: a function of what it is about and who asked, which says in a sentence what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.app import App
from connector.errors import NotFound
from connector.usecases import (
    discarding,
    job_switches,
    letter_groups,
    letters,
    orders,
    places,
    repair,
    replaying,
    resending,
    retrying,
)

RUN_JOB = "run-job"
LONGEST_NUMBER = 18
Doer = Callable[[App, str, str], str]


def number(about: str) -> int:
    """Read a number that a page sent. Raises NotFound for what is none."""
    if not (about.isascii() and about.isdigit() and len(about) <= LONGEST_NUMBER):
        raise NotFound("there is nothing of that number")
    return int(about)


# ── the daemon does these: they take a job's turn, and may take long ────────────────────────────────────────────────────
def _approve(app: App, about: str, who: str) -> str:
    return str(repair.held_approve(app, number(about), who)["outcome"])


def _discard_hold(app: App, about: str, who: str) -> str:
    return str(repair.held_discard(app, number(about), who)["outcome"])


def _replay_file(app: App, about: str, _who: str) -> str:
    entry = places.lying(app, number(about))
    report = replaying.replay(app, str(app.root / str(entry.place)))
    return "; ".join([*report.lines, *report.failures])


def _retry(app: App, about: str, _who: str) -> str:
    done = retrying.retry(app, [number(about)])
    said = [one["outcome"] for one in [*done["taken"], *done["refused"]] if one["outcome"]]
    return "; ".join([*said, *(reason for one in done["refused"] for reason in one["reasons"])])


# ── these are done at once ──────────────────────────────────────────────────────────────────────────────────────────────
def _discard_refused(app: App, about: str, _who: str) -> str:
    return "; ".join(discarding.discard(app, [number(about)]))


def _pause(app: App, about: str, _who: str) -> str:
    letters.pause(app, about)
    return f"{about} is paused: what changes meanwhile waits"


def _resume(app: App, about: str, _who: str) -> str:
    letters.resume(app, about)
    return f"{about} is told again from the next pass on"


def _export(app: App, about: str, _who: str) -> str:
    return f"the file of order {orders.export_again(app, about)} is written again at the next export"


def _resend(app: App, about: str, _who: str) -> str:
    return f"{resending.resend(app, about)} messages go out again at the next pass"


def _reveal(app: App, about: str, _who: str) -> str:
    with app.db.read() as tx:
        orders.find(tx, about)
    return "shown for ten minutes"


def _replay_letter(app: App, about: str, _who: str) -> str:
    return f"{letters.replay(app, [number(about)])} dead letters go out again at the next pass"


def _discard_letter(app: App, about: str, _who: str) -> str:
    return f"{letters.discard(app, [number(about)])} dead letters are laid aside"


def _replay_group(app: App, about: str, _who: str) -> str:
    return f"{letter_groups.replay(app, number(about))} dead letters go out again at the next pass"


def _replay_all(app: App, _about: str, _who: str) -> str:
    return f"{letter_groups.replay(app, None)} dead letters go out again at the next pass"


BY_THE_DAEMON: Mapping[str, Doer] = {
    "approve-hold": _approve,
    "discard-hold": _discard_hold,
    "replay-file": _replay_file,
    "retry-refused": _retry,
}
AT_ONCE: Mapping[str, Doer] = {
    "discard-refused": _discard_refused,
    "pause-marketplace": _pause,
    "resume-marketplace": _resume,
    "pause-job": job_switches.pause,
    "resume-job": job_switches.resume,
    "export-order": _export,
    "resend-order": _resend,
    "reveal-person": _reveal,
    "replay-letter": _replay_letter,
    "discard-letter": _discard_letter,
    "replay-letters-like": _replay_group,
    "replay-all-letters": _replay_all,
}
