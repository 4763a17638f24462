"""The clock campaign's short form. `make campaign PART=clocks` makes all jumps."""

from campaigns import clock_changes, clock_jumps, clocks
from servers import missing

PATIENCE_SECONDS = 20
"""A machine that runs all tests at once may be slow: what must not happen is a pause of the jump's length."""


def test_no_jump_and_no_change_of_the_clock_stops_a_job_or_ends_anything_early(tmp_path):
    if clock_jumps.compiler() is None:
        missing("there is no C compiler, which the library that moves the clock needs: install gcc")

    figures = clocks.main(2, grace=PATIENCE_SECONDS, folder=tmp_path)

    assert figures.faults == [], figures
    assert list(figures.changes.values()) == [8] * 6


def test_a_change_that_is_looked_at_is_where_the_clock_changes():
    zone = clock_changes.ZoneInfo("America/New_York")

    assert [f"{change:%Y-%m-%d %H:%M}" for change in clock_changes.changes(zone)][:2] == ["2025-03-09 07:00", "2025-11-02 06:00"]
