"""What only an SFTP server can do: show another key, fall silent, die in the middle, offer less. All against a real sshd."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from servers import Sshd, running_sshd, wait_for

from connector.erp.sftp import SftpStore
from connector.erp.ssh import Deadlines
from connector.erp.store import Partial, Presence
from connector.errors import ErpUnreachable, HostKeyChanged, SettingsError
from connector.settings import ErpSettings, Settings

MEGABYTE = 1_000_000
QUICK = Deadlines(connect=5, answer=1, transfer=1, per_megabyte=0)


def settings_for(sshd: Sshd, tmp_path: Path, **changes: str) -> Settings:
    erp = {"private_key": f"file:{sshd.user_key}", "known_hosts": str(sshd.known_hosts), **changes}
    return Settings(config_path=tmp_path / "connector.toml", erp=ErpSettings(**erp))


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "erp"
    made.mkdir()
    return made


@pytest.fixture
def open_store(sshd, tmp_path, folder) -> Iterator:
    opened: list[SftpStore] = []

    def opening(server: Sshd = sshd, deadlines: Deadlines | None = None, **changes: str) -> SftpStore:
        opened.append(SftpStore(settings_for(server, tmp_path, **changes), server.url(folder), deadlines))
        return opened[-1]

    yield opening
    for store in opened:
        store.close()


# ── who is there ────────────────────────────────────────────────────────────────────────────────────────────────────────
def fingerprint(sshd: Sshd) -> str:
    shown = subprocess.run(["ssh-keygen", "-lf", sshd.host_key], check=True, capture_output=True, text=True)
    return shown.stdout.split()[1]


def test_a_server_whose_key_changed_is_refused_naming_host_file_line_and_fingerprint(sshd, open_store, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"# ours\n[127.0.0.1]:{sshd.port} {(tmp_path / 'other.pub').read_text()}")

    with pytest.raises(HostKeyChanged) as caught:
        open_store(known_hosts=str(known_hosts)).listing("")
    for named in (f"[127.0.0.1]:{sshd.port}", str(known_hosts), "line 2", fingerprint(sshd)):
        assert named in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", None, "elsewhere.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKQ2n5FTSH6Uu2lKdjGYW2nEeHFKfw6v9XxJ0J2PzHyr\n"]
)
def test_a_server_that_nobody_made_known_is_refused_with_the_command_that_would(sshd, open_store, tmp_path, content):
    known_hosts = tmp_path / "known_hosts"
    if content is not None:
        known_hosts.write_text(content)

    with pytest.raises(HostKeyChanged) as caught:
        open_store(known_hosts=str(known_hosts)).listing("")
    assert fingerprint(sshd) in caught.value.message
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1 >> {known_hosts}" in caught.value.remedy
    assert not known_hosts.exists() or known_hosts.read_text() == (content or "")


@pytest.mark.parametrize("line", ["@revoked * ssh-ed25519 AAAA", "only-a-host", "host ssh-ed25519 not-base64!", "host ssh-ed25519 AAAA"])
def test_a_line_of_known_hosts_that_cannot_be_read_is_named(sshd, open_store, tmp_path, line):
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{sshd.known_hosts.read_text()}\n{line}\n")

    with pytest.raises(SettingsError, match="line 3") as caught:
        open_store(known_hosts=str(known_hosts)).listing("")
    assert str(known_hosts) in str(caught.value)


def test_hashed_names_in_known_hosts_are_understood(sshd, open_store, tmp_path):
    known_hosts = shutil.copy(sshd.known_hosts, tmp_path / "known_hosts")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known_hosts], check=True, capture_output=True)

    assert "127.0.0.1" not in Path(known_hosts).read_text()
    assert open_store(known_hosts=str(known_hosts)).listing("") == []


def test_a_key_that_the_server_added_is_no_false_alarm(open_store, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "added"], check=True)
    with running_sshd(tmp_path / "sshd", host_key_type="rsa", extra_settings=f"HostKey {tmp_path}/added\n") as server:
        store = open_store(server)

        assert store.listing("") == []
        assert "host key ssh-rsa" in " ".join(store.describe())
        store.close()


def test_a_server_with_sha1_keys_alone_is_refused_with_the_remedy(open_store, tmp_path):
    settings = "HostKeyAlgorithms ssh-rsa\n"
    with running_sshd(tmp_path / "sshd", host_key_type="rsa", extra_settings=settings) as server, pytest.raises(ErpUnreachable) as caught:
        open_store(server).listing("")
    assert "Ed25519 host key" in caught.value.remedy


def test_a_refused_key_says_so(open_store, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "stranger"], check=True)

    with pytest.raises(ErpUnreachable, match="refused the user"):
        open_store(private_key=f"file:{tmp_path}/stranger").listing("")


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_private_keys_log_in_too(kind, open_store, tmp_path):
    with running_sshd(tmp_path / "sshd") as server:
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", tmp_path / "mine"], check=True)
        shutil.copy(tmp_path / "mine.pub", tmp_path / "sshd/authorized_keys")
        store = open_store(server, private_key=f"file:{tmp_path}/mine")

        assert store.listing("") == []
        store.close()


def test_a_passphrase_opens_the_key_and_without_it_the_setting_is_named(sshd, open_store, tmp_path, monkeypatch):
    key = tmp_path / "locked"
    shutil.copy(sshd.user_key, key)
    key.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "sesame open", "-f", key], check=True, capture_output=True)
    monkeypatch.setenv("ERP_PASSPHRASE", "sesame open")

    assert open_store(private_key=f"file:{key}", password="env:ERP_PASSPHRASE").listing("") == []
    with pytest.raises(SettingsError, match=r"erp\.private_key"):
        open_store(private_key=f"file:{key}").listing("")


@pytest.mark.parametrize("url", ["sftp://host/x", "sftp://user:secret@host/x", "sftp://user@host:port/x", "sftp://user@/x"])
def test_an_address_that_cannot_be_used_is_refused_without_repeating_a_password(tmp_path, url):
    with pytest.raises(SettingsError) as caught:
        SftpStore(Settings(config_path=tmp_path / "connector.toml"), url)
    assert "secret" not in str(caught.value)


def test_a_path_can_be_relative_to_the_users_home(sshd, tmp_path):
    (sshd.home / "export").mkdir(exist_ok=True)
    (sshd.home / "export/a.csv").write_bytes(b"x")
    store = SftpStore(settings_for(sshd, tmp_path), f"sftp://{sshd.user}@127.0.0.1:{sshd.port}/~/export")

    assert [file.name for file in store.listing("")] == ["a.csv"]
    store.close()


def test_the_server_is_described(sshd, open_store):
    said = " ".join(open_store().describe())

    for fact in ("SSH-2.0-OpenSSH", f"ssh-ed25519 {fingerprint(sshd)}", "aes", "posix-rename", "fsync"):
        assert fact in said


def test_a_server_says_what_it_offers_and_what_of_that_is_not_used(open_store, tmp_path):
    settings = "Ciphers aes128-ctr,aes256-gcm@openssh.com,aes256-cbc\nKexAlgorithms ecdh-sha2-nistp256,diffie-hellman-group14-sha1\n"
    with running_sshd(tmp_path / "sshd", extra_settings=settings) as server:
        store = open_store(server)
        said = " ".join(store.describe())
        store.close()

    assert "ciphers aes128-ctr, aes256-gcm@openssh.com (not used: aes256-cbc)" in said
    assert "host keys ssh-ed25519" in said
    assert "key exchange ecdh-sha2-nistp256" in said
    assert "diffie-hellman-group14-sha1" in said.partition("not used: ")[2]


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("rsa", "HostKeyAlgorithms ssh-rsa\n", "no host keys that is still safe: it offers ssh-rsa"),
        ("ed25519", "Ciphers aes128-cbc,3des-cbc\n", "no ciphers that is still safe: it offers aes128-cbc, 3des-cbc"),
        ("ed25519", "KexAlgorithms diffie-hellman-group14-sha1\n", "no key exchange that is still safe"),
    ],
)
def test_a_server_without_anything_safe_is_told_what_it_lacks(open_store, tmp_path, kind, settings, told):
    with running_sshd(tmp_path / "sshd", host_key_type=kind, extra_settings=settings) as server, pytest.raises(ErpUnreachable) as caught:
        open_store(server).describe()

    assert told in str(caught.value)
    assert "adds one of" in caught.value.remedy


def test_what_is_no_ssh_server_is_said_to_be_none(tmp_path, sshd):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=answer, args=(listening, b"220 ftp ready\r\n" * 60))
        answering.start()
        store = SftpStore(settings_for(sshd, tmp_path), f"sftp://u@127.0.0.1:{listening.getsockname()[1]}/x", QUICK)

        with pytest.raises(ErpUnreachable, match="does not speak SSH"):
            store.describe()
        answering.join()


@pytest.mark.parametrize("words", [b"SSH-1.\x005-\x1b[31m\r\n", b"SSH-1.\x005-" + b"x" * 5000 + b"\r\n"])
def test_what_a_server_says_of_itself_is_told_as_one_printable_line(tmp_path, sshd, words):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=answer, args=(listening, words))
        answering.start()
        store = SftpStore(settings_for(sshd, tmp_path), f"sftp://u@127.0.0.1:{listening.getsockname()[1]}/x", QUICK)

        with pytest.raises(ErpUnreachable) as caught:
            store.listing("stock")
        answering.join()
    assert "1. 5" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def answer(listening: socket.socket, words: bytes) -> None:
    with listening.accept()[0] as caller:
        caller.sendall(words)
        caller.recv(100)


# ── a server that fails ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_nobody_listening_is_unreachable(sshd, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = SftpStore(settings_for(sshd, tmp_path), f"sftp://user@127.0.0.1:{port}/x")

    with pytest.raises(ErpUnreachable, match=f"127.0.0.1.:{port}.*refused"):
        store.listing("")


def took(call) -> float:
    start = time.monotonic()
    with pytest.raises(ErpUnreachable):
        call()
    return time.monotonic() - start


def test_a_server_that_never_says_a_word_is_given_up_in_time(sshd, tmp_path):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"sftp://user@127.0.0.1:{mute.getsockname()[1]}/x"
        store = SftpStore(settings_for(sshd, tmp_path), url, Deadlines(connect=1))

        assert took(lambda: store.listing("")) < 3


def test_a_subsystem_that_stays_mute_is_given_up_in_time(open_store, tmp_path):
    with running_sshd(tmp_path / "sshd", extra_settings="ForceCommand /bin/sleep 60\n") as server:
        store = open_store(server, deadlines=Deadlines(connect=1.5))

        assert took(lambda: store.listing("")) < 4


def test_a_session_that_died_between_two_calls_is_made_anew(sshd, open_store, folder):
    store = open_store()
    partial = store.write_partial("orders/A1.json", b"{}")

    for call in (lambda: store.listing(""), lambda: store.presence(partial), lambda: store.publish(partial), lambda: store.put("x", b"x")):
        sshd.signal_sessions(signal.SIGKILL)
        call()
    assert (folder / "orders/A1.json").read_bytes() == b"{}"
    assert store.presence(partial) is Presence.GONE


def in_the_middle(store: SftpStore, folder: Path, copy: Path) -> tuple[threading.Thread, list[object], str]:
    """Start to fetch a big file; return when some of it has come."""
    content = os.urandom(MEGABYTE) * 150
    (folder / "a.csv").write_bytes(content)
    (file,) = store.listing("")
    outcome: list[object] = []

    def fetch() -> None:
        try:
            outcome.append(store.fetch(file, copy))
        except ErpUnreachable as error:
            outcome.append(error)

    reader = threading.Thread(target=fetch)
    reader.start()
    wait_for(lambda: copy.exists() and copy.stat().st_size > MEGABYTE, "the transfer to be in the middle")
    return reader, outcome, hashlib.sha256(content).hexdigest()


def test_a_transfer_whose_session_is_killed_starts_again_from_zero(sshd, open_store, folder, tmp_path):
    reader, outcome, expected = in_the_middle(open_store(), folder, tmp_path / "copy")
    sshd.signal_sessions(signal.SIGKILL)
    reader.join()

    assert outcome == [expected]
    assert hashlib.sha256((tmp_path / "copy").read_bytes()).hexdigest() == expected


def test_a_file_whose_session_is_killed_while_it_is_written_leaves_nothing_half_written(sshd, open_store, folder):
    store = open_store()
    written: list[Partial] = []
    writer = threading.Thread(target=lambda: written.append(store.write_partial("orders/A1.json", b"x" * MEGABYTE * 150)))
    writer.start()
    wait_for(lambda: any(path.stat().st_size > MEGABYTE for path in folder.glob(".partial/A1*")), "the transfer to be in the middle")
    sshd.signal_sessions(signal.SIGKILL)
    writer.join()

    assert [path.name for path in folder.glob(".partial/A1*")] == [written[0].name]
    assert (folder / ".partial" / written[0].name).stat().st_size == MEGABYTE * 150


def test_a_server_that_hangs_in_the_middle_is_broken_off_at_the_deadline_and_the_next_call_starts_clean(sshd, open_store, folder, tmp_path):
    store = open_store(deadlines=QUICK)
    reader, outcome, _ = in_the_middle(store, folder, tmp_path / "copy")
    frozen = sshd.signal_sessions(signal.SIGSTOP)
    start = time.monotonic()
    reader.join()

    assert time.monotonic() - start < 4
    assert "no answer within" in str(outcome[0])
    assert not (tmp_path / "copy").exists()
    assert [file.name for file in store.listing("")] == ["a.csv"]
    for pid in frozen:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE])
def test_a_server_that_hangs_while_a_file_is_written_is_broken_off_at_the_deadline(sshd, open_store, folder, size):
    store = open_store(deadlines=QUICK)
    store.listing("")
    frozen = sshd.signal_sessions(signal.SIGSTOP)

    assert took(lambda: store.write_partial("orders/A1.json", b"x" * size)) < 4
    store.publish(store.write_partial("orders/A1.json", b"{}"))
    assert (folder / "orders/A1.json").read_bytes() == b"{}"
    for pid in frozen:
        with suppress(ProcessLookupError):  # one that its parent's end took along
            os.kill(pid, signal.SIGKILL)


def test_nothing_of_the_librarys_reaches_standard_error_when_a_server_dies(tmp_path, folder):
    with running_sshd(tmp_path / "sshd") as server:
        content = os.urandom(MEGABYTE) * 100
        (folder / "a.csv").write_bytes(content)
        code = (
            "import sys\nfrom pathlib import Path\n"
            "from connector.erp.sftp import SftpStore\nfrom connector.errors import ErpUnreachable\n"
            "from connector.settings import ErpSettings, Settings\n"
            f"erp = ErpSettings(private_key='file:{server.user_key}', known_hosts='{server.known_hosts}')\n"
            f"store = SftpStore(Settings(config_path=Path('{tmp_path}/connector.toml'), erp=erp), '{server.url(folder)}')\n"
            "try:\n"
            f"    store.fetch(store.listing('')[0], Path('{tmp_path}/copy'))\n"
            "except ErpUnreachable as error:\n    print(error)\n"
        )
        client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        copy = tmp_path / "copy"
        wait_for(lambda: (copy.exists() and copy.stat().st_size > MEGABYTE) or client.poll() is not None, "the transfer")
        for pid in (server.pid, *server.sessions()):  # the server first: nobody takes the second try's connection
            os.kill(pid, signal.SIGKILL)
        said, errors = client.communicate(timeout=30)

    assert "cannot be reached" in said
    assert errors == ""
    assert not copy.exists()


def test_a_server_without_posix_rename_and_fsync_publishes_whole_files_too(open_store, folder, tmp_path):
    with running_sshd(tmp_path / "sshd", options="-P posix-rename,fsync") as server:
        store = open_store(server)
        partial = store.write_partial("orders/A1.json", b"{}")
        store.publish(partial)
        store.put("x.csv", b"1")
        store.put("x.csv", b"2")

        assert "posix-rename is not offered" in " ".join(store.describe())
        assert store.presence(partial) is Presence.GONE
        assert ((folder / "orders/A1.json").read_bytes(), (folder / "x.csv").read_bytes()) == (b"{}", b"2")
        store.close()


def test_closing_the_store_ends_a_call_that_hangs(sshd, open_store, folder, tmp_path):
    store = open_store()
    reader, outcome, _ = in_the_middle(store, folder, tmp_path / "copy")
    frozen = sshd.signal_sessions(signal.SIGSTOP)
    start = time.monotonic()
    store.close()
    reader.join()

    assert time.monotonic() - start < 3
    assert isinstance(outcome[0], ErpUnreachable)
    for pid in frozen:
        os.kill(pid, signal.SIGKILL)


def test_calls_from_several_threads_do_not_mix_their_answers(open_store, folder):
    store, wrong = open_store(), []
    for number in range(4):
        (folder / str(number)).mkdir()
        (folder / str(number) / f"{number}.csv").write_bytes(b"x" * number)

    def look(number: int) -> None:
        for _ in range(50):
            found = [(file.name, file.size) for file in store.listing(str(number))]
            if found != [(f"{number}/{number}.csv", number)]:
                wrong.append(found)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
