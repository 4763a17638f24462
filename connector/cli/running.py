"""Commands that do the work: run, daemon, serve."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import going, show
from connector.cli.keeping import kept
from connector.cli.opening import AsJson, config_path, open_app
from connector.errors import ConnectorError, UsageError

if TYPE_CHECKING:
    from connector.app import App
    from connector.usecases.report import Report
    from jobs import Pass

JOB_HELP = "refresh-snapshot, notify-marketplaces, export-orders, report-documents, housekeeping, or all (in that order)."


def run(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help=JOB_HELP)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, here or outside; print what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make one pass of one job now, or of all."""
    from connector.usecases.schedules import schedules
    from jobs import DEFAULT_SCHEDULES, JOBS, Pass

    names = list(JOBS) if job == "all" else [_known(job, JOBS)]
    app = open_app(context)
    schedules(app.settings, DEFAULT_SCHEDULES)  # what the daemon would refuse is refused here too
    how = Pass(dry_run=dry_run, by_hand=True)
    _stop_when_told(how)
    passes = [_one(app, name, how, as_json=as_json) for name in names]
    if as_json:
        show.document({"jobs": passes} if job == "all" else passes[0])
    raise typer.Exit(max(one["exit_status"] for one in passes))


def replay(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An archived file's path, or its name as reports tell it: prices/p.csv.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also what newer files, applied since, have said.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply an archived file once more.

    It is read with the layout and judged by the guards of now; applied again it changes what differs from it, and nothing else.
    """
    from connector.usecases import replaying

    app = open_app(context)
    report = replaying.replay(app, file, force=force)
    kept(app, "replay-file", file, "; ".join(report.lines), failed=bool(report.failures))
    if as_json:
        show.document(replaying.described(file, report))
    else:
        for line in report.lines:
            show.say(show.words(line))
    for line in report.failures:
        show.complain(show.words(line))
    raise typer.Exit(report.exit_status)


def _known(job: str, jobs: dict[str, Any]) -> str:
    from difflib import get_close_matches

    if job in jobs:
        return job
    near = get_close_matches(job, [*jobs, "all"], n=1)
    question = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"There is no job {job!r}.{question}", remedy=f"one of: {', '.join(jobs)}, all")


def _stop_when_told(how: Pass) -> None:
    """End the pass early and safely on SIGTERM or Ctrl-C: what it has begun is finished, or left as the next pass can take it up."""

    def told(_number: int, _frame: object) -> None:
        if how.stop.is_set():
            raise KeyboardInterrupt  # told twice: at once
        how.stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)


def _one(app: App, name: str, how: Pass, *, as_json: bool) -> dict[str, Any]:
    """Make one pass and say what it did; what kept it from running counts as its failure, and the next job goes on."""
    from connector.cli import journal
    from jobs.running import run_job

    try:
        with going.shown() as went_on:
            report = run_job(app, name, replace(how, went_on=went_on))
    except ConnectorError as error:
        show.complain(f"{name}: {journal.sentence(error)}")
        return {"job": name, "dry_run": how.dry_run, "exit_status": error.exit_status, "done": [], "failures": [str(error)], "counts": {}}
    _say(report, as_json=as_json)
    return report.as_dict()


def _say(report: Report, *, as_json: bool) -> None:
    from connector.cli import journal

    done, failures = journal.lines(report)
    if not as_json:
        for line in done or (["nothing to do"] if not failures else []):
            show.say(f"{report.job}: {line}")
    for line in failures:
        show.complain(f"{report.job}: {line}")


def daemon(context: typer.Context) -> None:
    """Run all jobs on their schedules, until SIGTERM."""
    from connector.usecases import soundness

    app = open_app(context, least="INFO", as_owner=False)
    soundness.require(app)
    from connector import daemon as daemon_module

    raise typer.Exit(daemon_module.run(app.settings))


def serve(context: typer.Context) -> None:
    """Serve the API and the console under gunicorn, until SIGTERM."""
    from connector.usecases import soundness
    from connector.usecases.doctor import require_secrets
    from connector.usecases.listening import require_free
    from connector.web.server import command

    app = open_app(context, as_owner=False)
    soundness.require(app)
    require_secrets(app)
    app.db.close()
    require_free(app.settings.api.bind)
    line = command(config_path(context))
    os.execv(line[0], line)  # noqa: S606  # our own interpreter with our own arguments; no shell is wanted
