"""Which files are ready, and where they go: real files in a real folder."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.erp import intake
from connector.erp.intake import Look, Settling, Waiting
from connector.erp.local import LocalStore
from connector.erp.store import SourceFile
from connector.errors import ErpUnreachable, FileChanged, SettingsError
from connector.settings import FeedSettings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PRICES = FeedSettings(pattern="prices/*")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class World:
    """An inbox and a project directory."""

    def __init__(self, root: Path) -> None:
        self.root, self.inbox = root, root / "inbox"
        (self.inbox / "prices").mkdir(parents=True)
        self.store = LocalStore(self.inbox)

    def write(self, name: str, content: bytes = b"x", at: datetime = NOON) -> Path:
        path = self.inbox / "prices" / name
        path.write_bytes(content)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def names(self, done_marker: str = "", pattern: str = "prices/*") -> list[str]:
        return [file.name for file in intake.candidates(self.store, FeedSettings(pattern=pattern), done_marker)]

    def take(self, done_marker: str = "") -> intake.Taken:
        file, *_ = intake.candidates(self.store, PRICES, done_marker)
        return intake.take(self.store, file, self.root / "var/work")

    def tree(self) -> dict[str, bytes]:
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


# ── candidates ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_files_come_oldest_first_and_those_of_one_time_by_name(world):
    world.write("b.csv", at=NOON)
    world.write("a.csv", at=NOON)
    world.write("z.csv", at=NOON - seconds(1))

    assert world.names() == ["prices/z.csv", "prices/a.csv", "prices/b.csv"]


@pytest.mark.parametrize("name", [".a.csv", "a.csv~", "a.tmp", "a.part", "a.partial", "a.csv.filepart", "a.writing", ".a.csv.swp", "A.TMP"])
def test_names_of_unfinished_files_are_never_taken(world, name):
    world.write(name)
    world.write("a.csv")

    assert world.names() == ["prices/a.csv"]


def test_the_pattern_chooses_within_its_folder(world):
    for name in ("precos_1.csv", "precos_2.txt", "stock_1.csv"):
        world.write(name)

    assert world.names(pattern="prices/precos_*.csv") == ["prices/precos_1.csv"]
    assert world.names(pattern="elsewhere/*") == []


def test_a_wildcard_in_the_folder_is_a_wrong_setting(world):
    with pytest.raises(SettingsError, match="pattern"):
        world.names(pattern="*/prices.csv")


def test_with_a_done_marker_only_marked_files_are_taken_and_markers_never(world):
    for name in ("a.csv", "a.csv.ok", "b.csv", "b.ok", "c.csv"):
        world.write(name)

    assert world.names(".ok") == ["prices/a.csv", "prices/b.csv"]


# ── settled ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def file(name: str = "a.csv", size: int = 1, at: datetime = NOON) -> SourceFile:
    return SourceFile(name, name.encode(), size, at)


def test_a_file_is_ready_at_the_second_look_when_it_rested_long_enough():
    first = intake.settled([file()], {}, NOON, 2)
    early = intake.settled([file()], first.looks, NOON + seconds(1), 2)
    late = intake.settled([file()], early.looks, NOON + seconds(2), 2)

    look = {"a.csv": Look(1, NOON, NOON)}
    assert first == Settling([], [Waiting(file(), NOON + seconds(2))], look)
    assert early == first
    assert late == Settling([file()], [], look)


def test_a_file_that_grows_or_is_touched_begins_its_rest_again():
    first = intake.settled([file()], {}, NOON, 2)
    grown = intake.settled([file(size=2)], first.looks, NOON + seconds(5), 2)
    touched = intake.settled([file(size=2, at=NOON + seconds(1))], grown.looks, NOON + seconds(10), 2)

    assert (grown.ready, touched.ready) == ([], [])
    assert touched.waiting[0].ready_at == NOON + seconds(12)


def test_zero_seconds_take_at_once():
    assert intake.settled([file()], {}, NOON, 0).ready == [file()]


def test_the_file_s_own_time_counts_for_nothing():
    old = file(at=NOON - timedelta(days=300))

    assert intake.settled([old], {}, NOON, 2).ready == []


def test_a_clock_set_back_costs_one_more_rest_and_not_the_hour():
    first = intake.settled([file()], {}, NOON, 2)
    back = intake.settled([file()], first.looks, NOON - timedelta(hours=1), 2)

    assert back.waiting[0].ready_at == NOON - timedelta(hours=1) + seconds(2)
    assert intake.settled([file()], back.looks, NOON - timedelta(hours=1) + seconds(2), 2).ready == [file()]


passes = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=10),
        st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3),
    ),
    max_size=12,
)


@given(passes=passes, rest=st.sampled_from([0.0, 1.0, 3.5]))
def test_whatever_happens_a_ready_file_was_seen_the_same_in_every_look_for_as_long_as_it_must_rest(passes, rest):
    now, looks, since = NOON, {}, {}
    for step, present in passes:
        now += seconds(step)
        found = [file(name, size, NOON + seconds(at)) for name, (size, at) in present.items()]
        result = intake.settled(found, looks, now, rest)
        since = {f.name: since[f.name] if since.get(f.name, (None,))[0] == f else (f, now) for f in found}

        assert {f.name for f in result.ready} == {name for name, (_, seen) in since.items() if now - seen >= seconds(rest)}
        assert {w.file.name: w.ready_at for w in result.waiting} == {
            name: seen + seconds(rest) for name, (_, seen) in since.items() if now - seen < seconds(rest)
        }
        order = [(f.modified_at, f.name) for f in result.ready]
        assert order == sorted(order)
        assert set(result.looks) == set(present)
        looks = result.looks


# ── take, archive, refuse, hold ─────────────────────────────────────────────────────────────────────────────────────────
def test_a_taken_file_lies_in_the_work_folder_as_of_now_and_the_source_stays(world):
    world.write("a.csv", b"sku;price\n", NOON)
    taken = world.take()

    assert taken.path.parent == world.root / "var/work"
    assert taken.path.read_bytes() == b"sku;price\n"
    assert taken.path.suffix == ".csv"
    assert time.time() - taken.path.stat().st_mtime < 60, "housekeeping takes it for a stray"
    assert taken.path.stat().st_mode & 0o777 == 0o600
    assert (world.inbox / "prices/a.csv").exists()


def test_what_an_interrupted_take_left_is_replaced(world):
    world.write("a.csv", b"first")
    left = world.take()
    world.write("a.csv", b"second")
    again = world.take()

    assert left.path == again.path
    assert again.path.read_bytes() == b"second"


def archive(world, taken):
    return left(world, taken, intake.archive(taken, world.root, "prices", NOON))


def refuse(world, taken, errors):
    return left(world, taken, intake.refuse(taken, world.root, "prices", errors))


def hold(world, taken):
    return left(world, taken, intake.hold(taken, world.root, "prices"))


def left(world, taken, place):
    intake.leave(world.store, taken.file)
    return place


def test_an_archived_file_leaves_the_source_and_lies_under_feed_and_date(world):
    world.write("a.csv", b"1")
    place = archive(world, world.take())

    assert place == "archive/prices/2026-03-02/a.csv"
    assert world.tree() == {place: b"1"}
    assert (world.root / place).stat().st_mode & 0o777 == 0o600
    assert (world.root / "archive/prices").stat().st_mode & 0o777 == 0o700


def test_nothing_in_the_archive_is_overwritten(world):
    places = []
    for content in (b"1", b"2", b"3"):
        world.write("a.csv", content)
        places.append(archive(world, world.take()))

    assert places == [f"archive/prices/2026-03-02/{name}" for name in ("a.csv", "a-2.csv", "a-3.csv")]
    assert world.tree() == dict(zip(places, (b"1", b"2", b"3"), strict=True))


def test_a_refused_file_lies_beside_its_errors_and_again_under_a_number(world):
    for content, errors in ((b"1", b"line 1"), (b"2", b"line 2")):
        world.write("a.csv", content)
        refuse(world, world.take(), errors)

    assert world.tree() == {
        "rejected/prices/a.csv": b"1",
        "rejected/prices/a.csv.errors.csv": b"line 1",
        "rejected/prices/a-2.csv": b"2",
        "rejected/prices/a-2.csv.errors.csv": b"line 2",
    }


def test_a_refused_file_named_like_an_errors_file_keeps_both(world):
    world.write("a.csv.errors.csv", b"sent back by somebody")
    refuse(world, world.take(), b"no header")
    world.write("a.csv", b"1")
    place = refuse(world, world.take(), b"line 1")

    assert place == "rejected/prices/a-2.csv"
    assert world.tree()["rejected/prices/a.csv.errors.csv"] == b"sent back by somebody"


def test_a_held_file_lies_in_held(world):
    world.write("a.csv", b"1")

    assert hold(world, world.take()) == "held/prices/a.csv"
    assert world.tree() == {"held/prices/a.csv": b"1"}


class StoreThatDies(LocalStore):
    """A store whose connection is gone at the last step, `deaths` times."""

    deaths = 1

    def remove(self, file: SourceFile) -> bool:
        if self.deaths:
            self.deaths -= 1
            raise ErpUnreachable("gone")
        return super().remove(file)


@pytest.mark.parametrize("repeat_the_take", [True, False])
@pytest.mark.parametrize("verb", ["archive", "refuse", "hold"])
def test_a_step_that_broke_off_can_be_repeated_without_a_second_copy(world, verb, repeat_the_take):
    def put_away(taken: intake.Taken) -> str:
        if verb == "archive":
            return archive(world, taken)
        return refuse(world, taken, b"e") if verb == "refuse" else hold(world, taken)

    world.store = StoreThatDies(world.inbox)
    world.write("a.csv", b"1")
    taken = world.take()
    with pytest.raises(ErpUnreachable):
        put_away(taken)
    assert (world.inbox / "prices/a.csv").exists()

    place = put_away(world.take() if repeat_the_take else taken)
    assert place.endswith("/a.csv")
    assert {name: content for name, content in world.tree().items() if not name.endswith(".errors.csv")} == {place: b"1"}


def test_a_file_that_changed_since_it_was_taken_stays_and_is_news(world):
    world.write("a.csv", b"1")
    world.write("a.csv.ok", b"")
    taken = world.take(".ok")
    world.write("a.csv", b"news")
    archive(world, taken)

    assert world.tree() == {"archive/prices/2026-03-02/a.csv": b"1", "inbox/prices/a.csv": b"news", "inbox/prices/a.csv.ok": b""}


def test_the_done_marker_goes_with_its_file(world):
    world.write("a.csv", b"1")
    world.write("a.csv.ok", b"")
    archive(world, world.take(".ok"))

    assert world.tree() == {"archive/prices/2026-03-02/a.csv": b"1"}


class StoreThatTells(LocalStore):
    """A store that remembers what was removed, in order."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.removed: list[str] = []

    def remove(self, file: SourceFile) -> bool:
        self.removed.append(file.name)
        return super().remove(file)


def test_a_done_marker_goes_before_its_file_lest_it_vouch_for_the_next(world):
    world.store = StoreThatTells(world.inbox)
    world.write("a.csv", b"1")
    world.write("a.csv.ok", b"")
    archive(world, world.take(".ok"))

    assert world.store.removed == ["prices/a.csv.ok", "prices/a.csv"]


def test_a_marker_that_vouches_for_two_files_stays_until_the_second_is_taken(world):
    for name in ("a.csv", "a.ok", "a.xml"):
        world.write(name)
    archive(world, world.take(".ok"))

    assert world.names(".ok") == ["prices/a.xml"]
    archive(world, world.take(".ok"))
    assert list((world.inbox / "prices").iterdir()) == []


def test_a_very_long_name_that_is_not_utf8_is_taken_and_archived(world):
    name = os.fsdecode(b"\xe9" * 240 + b".csv")
    world.write(name, b"1")
    place = archive(world, world.take())

    assert (world.root / place).read_bytes() == b"1"
    assert place.endswith(".csv")
    assert list((world.inbox / "prices").iterdir()) == []


def test_a_file_on_another_disk_is_copied_whole(world):
    memory = Path("/dev/shm")  # another file system than the temporary folder's, on Linux
    work = (memory if memory.is_dir() else world.root) / f"connector-{os.getpid()}"
    world.write("a.csv", b"1" * 600_000)
    found, *_ = intake.candidates(world.store, PRICES, "")
    place = archive(world, intake.take(world.store, found, work))

    assert list(work.iterdir()) == []
    assert world.tree() == {place: b"1" * 600_000}
    assert (world.root / place).stat().st_mtime == NOON.timestamp()
    work.rmdir()


def test_a_file_that_changes_while_it_is_taken_leaves_no_copy(world):
    world.write("a.csv", b"1")
    found, *_ = intake.candidates(world.store, PRICES, "")
    world.write("a.csv", b"longer")

    with pytest.raises(FileChanged):
        intake.take(world.store, found, world.root / "var/work")
    assert world.tree() == {"inbox/prices/a.csv": b"longer"}
