"""What local files need, on a real file system."""

import errno
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from connector.erp import files
from connector.erp.local import LocalStore
from connector.erp.store import Presence
from connector.errors import ErpUnreachable


@pytest.fixture
def folder(tmp_path):
    opened = os.open(tmp_path, files.FOLDER)
    yield opened
    os.close(opened)


def kernel_without_it(*_names):
    return errno.EINVAL


@pytest.mark.parametrize("kernel", [files.renameat2, kernel_without_it])
def test_a_rename_moves_and_never_overwrites(tmp_path, folder, kernel):
    (tmp_path / "ours").write_bytes(b"ours")
    (tmp_path / "theirs").write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        files.rename_without_replacing(b"ours", folder, b"theirs", folder, kernel)
    files.rename_without_replacing(b"ours", folder, b"free", folder, kernel)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"theirs": b"theirs", "free": b"ours"}


@pytest.mark.parametrize("kernel", [files.renameat2, kernel_without_it])
def test_a_link_that_leads_nowhere_is_in_the_way_too(tmp_path, folder, kernel):
    (tmp_path / "ours").write_bytes(b"ours")
    (tmp_path / "link").symlink_to("nowhere")

    with pytest.raises(FileExistsError):
        files.rename_without_replacing(b"ours", folder, b"link", folder, kernel)


def test_this_kernel_offers_the_rename_in_one_step(tmp_path, folder):
    (tmp_path / "a").touch()

    assert files.renameat2(b"a", folder, b"b", folder) == 0


def test_times_are_exact_to_the_microsecond_and_those_beyond_the_calendar_do_no_harm():
    assert files.instant(1_700_000_000_123_456_789) == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert files.instant(-1_000) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert files.instant(10**21) == files.LATEST
    assert files.instant(-62_135_596_800 * 10**9) == files.LATEST, "the calendar's first day has no date in zones to the west"


def test_a_folder_of_the_source_that_is_a_link_is_named_and_not_followed(tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/prices").symlink_to("/etc")

    with pytest.raises(ErpUnreachable, match="inbox/prices") as caught:
        LocalStore(tmp_path / "inbox").listing("prices")
    assert "links are not followed" in caught.value.remedy


def test_the_root_itself_may_be_a_link(tmp_path):
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted/a.csv").touch()
    (tmp_path / "inbox").symlink_to(tmp_path / "mounted")

    assert [file.name for file in LocalStore(tmp_path / "inbox").listing("")] == ["a.csv"]


def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path):
    store = LocalStore(tmp_path)
    store.discard(store.write_partial("orders/A1.json", b"{}"))
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from connector.erp.local import LocalStore\nfrom connector.errors import ErpUnreachable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
        "try:\n"
        f"    LocalStore(Path({str(tmp_path)!r})).write_partial('orders/A2.json', b'x' * 1_000_000)\n"
        "except ErpUnreachable as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "cannot be used" in said.stdout
    assert [path.name for path in (tmp_path / ".partial").iterdir()] == [".folder-id"]


def test_an_unmounted_share_proves_nothing_about_what_was_published(tmp_path):
    share, mounted = tmp_path / "share", tmp_path / "outbox"
    share.mkdir()
    mounted.symlink_to(share)
    store = LocalStore(mounted)
    partial = store.write_partial("orders/A1.json", b"{}")
    mounted.unlink()

    with pytest.raises(ErpUnreachable):
        store.presence(partial)
    mounted.mkdir()
    assert store.presence(partial) is Presence.UNKNOWN
