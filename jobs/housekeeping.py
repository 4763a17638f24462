"""Clear away what is no longer needed, and end what has had its time."""

from __future__ import annotations

from connector.app import App
from connector.usecases import leftovers, personal_days, retention, upkeep
from connector.usecases.passes import Pass
from connector.usecases.report import Report


def run(app: App, how: Pass) -> Report:
    """1. Take back what the dead had in hand.  2. End what expired.  3. Forget what is old.  4. Remove files past their days.
    5. Overwrite personal data past its days.  6. Bring the write-ahead log home.
    """
    report = Report("housekeeping", how.dry_run)
    if how.dry_run:
        for path in upkeep.stray_files(app):
            report.did(f"would remove the stray file {path.relative_to(app.root)}", stray_files=1)
        for path in leftovers.leftovers(app):
            report.did(f"would remove {path}, which a killed backup or restore left", leftovers=1)
        for place in retention.places(app):
            report.did(f"would remove {place}, which nobody needs any more", outlived=1)
        for path in retention.outlived_copies(app):
            report.did(f"would remove {path}, whose days are over", outlived=1)
        if count := len(personal_days.outlived_orders(app)):
            report.did(f"would overwrite the personal data of {count} orders, whose days are over", outlived=count)
        return report
    _note(report, "taken_back", "messages taken back from dead senders", upkeep.recover_leases(app))
    orders, skus = upkeep.end_what_expired(app)
    _note(report, "expired", "orders expired", orders)
    _note(report, "set_free", "SKUs set free by reservations that ended", skus)
    messages, runs = upkeep.forget_old(app)
    _note(report, "messages_removed", "settled messages removed after 14 days", messages)
    _note(report, "runs_removed", "job runs removed after 30 days", runs)
    _note(report, "stray_files", "stray working files removed", upkeep.remove_stray_files(app))
    _note(report, "leftovers", "copies left by a killed backup or restore removed", leftovers.clear_away(app))
    for folder, count in retention.remove_outlived(app).items():
        _note(report, f"{folder}_removed", f"files removed from {folder}/ after their days", count)
    _note(report, "errors_removed", "errors files removed from rejected/ after their days", retention.remove_notes(app))
    _note(report, "copies_removed", "backups and replaced databases removed after their days", retention.remove_copies(app))
    overwritten = personal_days.overwrite_outlived(app)
    _note(report, "personal_overwritten", "orders whose personal data was overwritten after its days", overwritten)
    _note(report, "rows_emptied", "healed refused rows emptied after their days", personal_days.empty_healed_rows(app))
    upkeep.checkpoint(app)
    return report


def _note(report: Report, name: str, what: str, count: int) -> None:
    if count:
        report.did(f"{count} {what}", **{name: count})
