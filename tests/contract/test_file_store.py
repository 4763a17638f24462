"""What every FileStore keeps: one suite over a local folder and a real SFTP server."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers import Sshd, wait_for

from connector.erp.opening import open_store
from connector.erp.session import Session
from connector.erp.store import FileStore, Partial, Presence, SourceFile
from connector.errors import ErpPlaceUnusable, ErpUnreachable, FileChanged, TargetOccupied, UsageError
from connector.settings import ErpSettings, Settings

MEGABYTE = 1_000_000
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Place:
    """A store and, as its other side sees it, the folder it works on."""

    url: str
    folder: Path
    settings: Settings
    store: FileStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.settings, self.url)

    def write(self, name: str | bytes, content: bytes, at: datetime = NOON) -> Path:
        path = self.folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def only_file(self, folder: str) -> SourceFile:
        (found,) = self.store.listing(folder)
        return found

    def process(self, code: str) -> subprocess.Popen[bytes]:
        """Run code in a process of its own, where `store` is this place's store."""
        erp = self.settings.erp
        opening = (
            "from pathlib import Path\n"
            "from connector.settings import ErpSettings, Settings\n"
            "from connector.erp.opening import open_store\n"
            f"erp = ErpSettings(private_key={erp.private_key and str(erp.private_key)!r}, known_hosts={erp.known_hosts!r})\n"
            f"store = open_store(Settings(config_path=Path({str(self.settings.config_path)!r}), erp=erp), {self.url!r})\n"
        )
        return subprocess.Popen([sys.executable, "-c", opening + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(params=["file", "sftp"])
def place(request, tmp_path) -> Iterator[Place]:
    folder = tmp_path / "erp"
    folder.mkdir()
    if request.param == "file":
        made = Place(f"file:{folder}", folder, Settings(config_path=tmp_path / "connector.toml"))
    else:
        sshd: Sshd = request.getfixturevalue("sshd")
        erp = ErpSettings(private_key=f"file:{sshd.user_key}", known_hosts=str(sshd.known_hosts))
        made = Place(sshd.url(folder), folder, Settings(config_path=tmp_path / "connector.toml", erp=erp))
    yield made
    made.store.close()


# ── source ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_listing_shows_regular_files_with_size_and_time(place):
    place.write("prices/a.csv", b"sku;price\n", NOON)

    assert place.store.listing("prices") == [SourceFile("prices/a.csv", b"prices/a.csv", 10, NOON)]


def test_a_listing_shows_files_of_the_root_and_not_those_of_subfolders(place):
    place.write("top.csv", b"x")
    place.write("prices/a.csv", b"x")

    assert [file.name for file in place.store.listing("")] == ["top.csv"]


def test_a_missing_folder_is_empty(place):
    assert place.store.listing("prices") == []


def test_a_missing_root_is_unreachable_and_not_empty(place):
    place.folder.rmdir()

    with pytest.raises(ErpUnreachable, match="is not there"):
        place.store.listing("prices")


def test_links_pipes_and_folders_are_not_listed_and_block_nothing(place):
    place.write("prices/a.csv", b"x")
    os.mkfifo(place.folder / "prices/pipe.csv")
    (place.folder / "prices/link.csv").symlink_to("/etc/passwd")
    (place.folder / "prices/folder.csv").mkdir()

    assert [file.name for file in place.store.listing("prices")] == ["prices/a.csv"]


@pytest.mark.parametrize("what", ["pipe", "link", "gone"])
def test_a_file_that_became_something_else_is_not_fetched(place, tmp_path, what):
    path = place.write("prices/a.csv", b"x")
    file = place.only_file("prices")
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    if what == "link":
        path.symlink_to("/etc/passwd")

    with pytest.raises(FileChanged):
        place.store.fetch(file, tmp_path / "copy")
    assert place.store.stat(file) is None
    assert place.store.remove(file) is False
    assert not (tmp_path / "copy").exists()


def test_a_name_that_is_not_utf8_is_listed_fetched_and_removed_and_blocks_no_other(place, tmp_path):
    place.write(b"prices/caf\xe9.csv", b"x")
    place.write("prices/b.csv", b"y")
    first, second = sorted(place.store.listing("prices"), key=lambda file: file.name)

    assert (first.name, second.name, second.raw_name) == ("prices/b.csv", "prices/caf%E9.csv", b"prices/caf\xe9.csv")
    assert place.store.fetch(second, tmp_path / "copy") == hashlib.sha256(b"y" if second is first else b"x").hexdigest()
    assert place.store.stat(second) == second
    assert place.store.remove(second) is True
    assert [file.name for file in place.store.listing("prices")] == ["prices/b.csv"]


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 3 * MEGABYTE])
def test_a_fetched_copy_has_the_very_bytes_is_private_and_its_hash_is_told(place, tmp_path, size):
    content = os.urandom(size)
    place.write("prices/a.csv", content)

    digest = place.store.fetch(place.only_file("prices"), tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == content
    assert digest == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_a_file_that_changed_since_it_was_listed_is_not_fetched_or_removed(place, tmp_path):
    path = place.write("prices/a.csv", b"old")
    file = place.only_file("prices")
    place.write("prices/a.csv", b"longer")

    with pytest.raises(FileChanged):
        place.store.fetch(file, tmp_path / "copy")
    assert place.store.remove(file) is False
    assert path.read_bytes() == b"longer"


@pytest.mark.parametrize("change", ["cut", "grown", "rewritten", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_refused(place, tmp_path, change):
    path = place.write("prices/a.csv", os.urandom(MEGABYTE) * 150)
    file, copy = place.only_file("prices"), tmp_path / "copy"
    outcome: list[object] = []

    def fetch() -> None:
        try:
            outcome.append(place.store.fetch(file, copy))
        except FileChanged as error:
            outcome.append(error)

    reader = threading.Thread(target=fetch)
    reader.start()
    wait_for(lambda: copy.exists() and copy.stat().st_size > MEGABYTE, "the reader to be in the middle")
    _change(path, change)
    reader.join()

    assert isinstance(outcome[0], FileChanged)
    assert not copy.exists()


def _change(path: Path, change: str) -> None:
    if change == "cut":
        os.truncate(path, 2 * MEGABYTE)
    elif change == "grown":
        with path.open("ab") as file:
            file.write(b"more")
    elif change == "rewritten":
        with path.open("r+b") as file:
            file.write(b"x" * MEGABYTE)
    else:
        other = path.with_name(".other")
        other.write_bytes(b"other")
        other.replace(path)


def test_an_unreadable_place_names_path_and_remedy(place):
    place.write("prices", b"a file where a folder should be")

    with pytest.raises(ErpPlaceUnusable) as caught:
        place.store.listing("prices")
    assert str(place.folder) in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_may_not_be_opened_is_one_file_and_no_store_that_is_gone(place, tmp_path, monkeypatch):
    place.write("prices/a.csv", b"x")
    file, system, session = place.only_file("prices"), os.open, Session._open

    def opening(path, *given, **how):
        if os.fsencode(path).endswith(b"a.csv"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return system(path, *given, **how)

    def asking(mine, kind, path, rest=b""):
        if path.endswith(b"a.csv"):
            raise OSError(None, "the server answered Failure")  # a file that is locked, with some servers
        return session(mine, kind, path, rest)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(Session, "_open", asking)
    with pytest.raises(ErpPlaceUnusable, match=r"a\.csv"):
        place.store.fetch(file, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert place.only_file("prices") == file


@pytest.mark.parametrize("path", ["../etc", "/etc", "a//b", "a/./b", "a\0b"])
def test_paths_that_lead_out_of_the_folder_are_refused(place, path):
    with pytest.raises(UsageError):
        place.store.listing(path)
    with pytest.raises(UsageError):
        place.store.write_partial(path, b"x")


# ── target ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def visible(place: Place) -> list[str]:
    return [file.name for folder in ("", "orders") for file in place.store.listing(folder)]


def test_a_file_is_nowhere_to_be_seen_before_it_is_published_and_whole_afterwards(place):
    partial = place.store.write_partial("orders/A1.json", b"{}")

    assert visible(place) == []
    assert place.store.presence(partial) is Presence.THERE
    place.store.publish(partial)
    assert visible(place) == ["orders/A1.json"]
    assert (place.folder / "orders/A1.json").read_bytes() == b"{}"
    assert place.store.presence(partial) is Presence.GONE


def held_in_the_middle(place: Place, size: int) -> tuple[subprocess.Popen[bytes], str]:
    """Freeze a process that is writing, some but not all of it written; a writer that was too quick is tried again."""
    for attempt in range(20):
        name = f"A{attempt}.json"
        writer = place.process(f"store.publish(store.write_partial('orders/{name}', b'x' * {size}))\nstore.close()\n")

        def written(name: str = name) -> int:
            return max((path.stat().st_size for path in (place.folder / ".partial").glob(f"{name}.*")), default=0)

        while written() == 0 and writer.poll() is None:
            pass
        writer.send_signal(signal.SIGSTOP)
        if 0 < written() < size:
            return writer, name
        writer.kill()
        writer.communicate()
        shutil.rmtree(place.folder / "orders", ignore_errors=True)
    raise AssertionError("no writer was caught in the middle")


def test_while_a_write_is_held_open_in_the_middle_nothing_is_visible(place):
    size = 40 * MEGABYTE
    writer, name = held_in_the_middle(place, size)
    try:
        assert visible(place) == []
        assert not (place.folder / "orders").exists()
    finally:
        writer.send_signal(signal.SIGCONT)
        _, errors = writer.communicate()

    assert (writer.returncode, errors) == (0, b"")
    assert (place.folder / "orders" / name).stat().st_size == size


def test_a_writer_that_is_killed_in_the_middle_leaves_nothing_visible(place):
    writer = place.process(f"store.write_partial('orders/A1.json', b'x' * {40 * MEGABYTE})\n")
    wait_for(lambda: list((place.folder / ".partial").glob("A1.json.*")) or writer.poll() is not None, "the writer to begin")
    writer.kill()
    writer.communicate()

    assert writer.returncode == -signal.SIGKILL
    assert visible(place) == []


def test_a_reader_that_takes_files_at_once_gets_each_whole_and_once(place):
    folder, taken, stop = place.folder / "orders", [], threading.Event()
    folder.mkdir()

    def take_all() -> None:
        while not stop.is_set() or any(folder.iterdir()):
            for path in folder.iterdir():
                taken.append((path.name, path.read_bytes()))
                path.unlink()

    reader = threading.Thread(target=take_all)
    reader.start()
    partials = []
    for number in range(40):
        partials.append(place.store.write_partial(f"orders/{number}.json", b"%d" % number * 50_000))
        place.store.publish(partials[-1])
        place.store.publish(partials[-1])  # as a restart does that does not know how far it came
    stop.set()
    reader.join()

    assert sorted(taken) == sorted((f"{number}.json", b"%d" % number * 50_000) for number in range(40))
    assert {place.store.presence(partial) for partial in partials} == {Presence.GONE}


def test_a_file_in_the_way_is_never_overwritten(place):
    theirs = place.write("orders/A1.json", b"theirs")
    partial = place.store.write_partial("orders/A1.json", b"ours")

    with pytest.raises(TargetOccupied, match=r"orders/A1\.json"):
        place.store.publish(partial)
    assert theirs.read_bytes() == b"theirs"
    assert place.store.presence(partial) is Presence.THERE
    theirs.unlink()
    place.store.publish(partial)
    assert theirs.read_bytes() == b"ours"


def test_another_folder_with_the_same_name_proves_nothing(place):
    partial = place.store.write_partial("orders/A1.json", b"{}")
    (place.folder / ".partial").rename(place.folder.parent / "unmounted")

    assert place.store.presence(partial) is Presence.UNKNOWN
    place.store.write_partial("orders/B2.json", b"{}")
    assert place.store.presence(partial) is Presence.UNKNOWN
    with pytest.raises(ErpUnreachable):
        place.store.publish(partial)


@pytest.mark.parametrize("content", [b"", b"another", b"x" * 1000])
def test_a_changed_id_proves_nothing(place, content):
    partial = place.store.write_partial("orders/A1.json", b"{}")
    place.store.publish(partial)
    (place.folder / ".partial/.folder-id").write_bytes(content)

    assert place.store.presence(partial) is Presence.UNKNOWN


def test_the_folder_id_is_made_once_and_survives_another_process(place):
    first = place.store.write_partial("orders/A1.json", b"{}")
    again = open_store(place.settings, place.url)
    second = again.write_partial("orders/A2.json", b"{}")
    again.close()

    assert first.folder_id == second.folder_id
    assert len(first.folder_id) == 32
    assert Partial(**first.as_dict()) == first


def test_a_discarded_file_is_gone_and_discarding_again_is_harmless(place):
    partial = place.store.write_partial("orders/A1.json", b"{}")
    place.store.discard(partial)
    place.store.discard(partial)

    assert [path.name for path in (place.folder / ".partial").iterdir()] == [".folder-id"]
    assert visible(place) == []


def test_a_stray_partial_file_can_be_listed_and_removed(place):
    place.store.write_partial("orders/A1.json", b"{}")
    (stray,) = [file for file in place.store.listing(".partial") if not file.name.endswith(".folder-id")]

    assert place.store.remove(stray) is True


def test_a_file_for_people_replaces_the_one_of_its_name_in_one_step(place):
    place.store.put("errors/a.csv.errors.csv", b"first")
    place.store.put("errors/a.csv.errors.csv", b"second")

    assert (place.folder / "errors/a.csv.errors.csv").read_bytes() == b"second"
    assert [path.name for path in (place.folder / ".partial").iterdir() if path.name != ".folder-id"] == []


def test_what_is_made_is_private(place):
    place.store.publish(place.store.write_partial("orders/A1.json", b"{}"))
    modes = {path.relative_to(place.folder).as_posix(): oct(path.stat().st_mode & 0o777) for path in place.folder.rglob("*")}

    assert modes == {"orders": "0o700", "orders/A1.json": "0o600", ".partial": "0o700", ".partial/.folder-id": "0o600"}


@pytest.mark.parametrize(("file_mode", "file", "folder"), [("0640", 0o640, 0o2750), ("0660", 0o660, 0o2770)])
def test_what_is_published_can_be_opened_to_the_erps_group_whatever_the_umask_and_passes_the_group_on(place, file_mode, file, folder):
    """The folder is set up as the documents say: its group is handed down (setgid)."""
    place.folder.chmod(0o2770)
    erp = place.settings.erp.model_copy(update={"file_mode": file_mode})
    store = open_store(place.settings.model_copy(update={"erp": erp}), place.url)
    before = os.umask(0o077)
    try:
        store.publish(store.write_partial("orders/A1.json", b"{}"))
    finally:
        os.umask(before)
        store.close()

    assert {path.relative_to(place.folder).as_posix(): path.stat().st_mode & 0o7777 for path in place.folder.rglob("*")} == {
        "orders": folder,
        "orders/A1.json": file,
        ".partial": 0o2700,
        ".partial/.folder-id": 0o600,
    }


@pytest.mark.parametrize("name", ["", ".hidden", "orders/.A1.json", ".partial/A1.json"])
def test_a_name_that_nobody_would_see_is_not_published(place, name):
    with pytest.raises(UsageError):
        place.store.write_partial(name, b"x")


def test_a_missing_target_is_not_made(place):
    place.folder.rmdir()

    for attempt in (
        lambda: place.store.write_partial("orders/A1.json", b"x"),
        lambda: place.store.put("a.csv", b"x"),
        place.store.describe,
    ):
        with pytest.raises(ErpUnreachable, match="is not there"):
            attempt()
    assert not place.folder.exists()


def test_the_place_describes_itself(place):
    assert str(place.folder) in place.store.describe()[0]
