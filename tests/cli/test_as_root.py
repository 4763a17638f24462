"""Root at the command line of a project that is another user's, whom the services run as: nothing is left there that they may not use."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from servers import free_port, missing

ROOT = Path(__file__).parents[2]
LIBRARIES = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture(scope="module")
def python():
    """A Python that another user may run: the tests' own may lie in root's home."""
    if os.getuid() != 0:
        missing("root is needed")
    for one in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            if not call(one, {}, "--version", user=NOBODY).returncode:
                return one
    pytest.skip("no other user can run this clone: it lies, or its Python does, where root alone may read")


@pytest.fixture
def theirs(python, project):
    """A project of another user's, below a folder that all may enter."""
    around = Path(tempfile.mkdtemp(prefix="connector-as-root-"))
    around.chmod(0o711)
    shutil.copytree(project.root, around / "shop")
    made = Theirs(replace(project, root=around / "shop"), python)
    for path in (made.root, *made.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    made.root.chmod(0o700)
    yield made
    shutil.rmtree(around)


@dataclass
class Theirs:
    project: Any
    python: str

    @property
    def root(self):
        return self.project.root

    def by_root(self, *words, **variables):
        return call(self.python, self.project.environment | variables, *words)

    def by_its_owner(self, *words, **variables):
        return call(self.python, self.project.environment | variables, *words, user=NOBODY)


def call(python, environment, *words, user=None):
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    line = [python, "-m", "connector", *words]
    return subprocess.run(
        line, cwd="/", env=environment | {"PYTHONPATH": LIBRARIES}, capture_output=True, text=True, timeout=120, check=False, **who
    )


@contextmanager
def serving(theirs, **variables):
    line = [theirs.python, "-m", "connector", "serve"]
    environment = theirs.project.environment | variables | {"PYTHONPATH": LIBRARIES}
    with subprocess.Popen(line, cwd="/", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        yield server
        server.terminate()


def answers(server, port):
    """Whether it answers before it ends, within 20 s."""
    for _ in range(200):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return answer.status == 200
        if server.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def not_the_owners(project):
    return [str(path) for path in project.root.rglob("*") if path.stat().st_uid != NOBODY]


def test_whatever_root_does_there_is_done_as_the_owner(theirs):
    for words in (("check",), ("run", "all"), ("backup",)):
        done = theirs.by_root(*words)
        assert "unexpected" not in done.stdout + done.stderr
    assert (theirs.root / "var/connector.db").exists()
    assert not_the_owners(theirs) == []
    assert [theirs.by_its_owner(*words).returncode for words in (("status",), ("run", "housekeeping"), ("backup",))] == [0, 0, 0]


def test_root_stays_root_where_the_work_is_roots_as_in_a_container_with_a_folder_of_its_hosts(theirs):
    (theirs.root / "var").mkdir()

    assert theirs.by_root("run", "housekeeping").returncode == 0
    assert (theirs.root / "var/connector.db").stat().st_uid == 0


def test_root_reads_the_credentials_that_are_roots_alone_before_it_becomes_the_owner(theirs):
    folder = theirs.root.parent / "credentials"
    folder.mkdir(mode=0o700)
    (folder / "vtex_key").write_text("key-of-acme\n")
    config = theirs.project.config
    config.write_text(config.read_text().replace("env:VTEX_APP_KEY", "credential:vtex_key"))

    assert "its credentials are at hand" in theirs.by_root("check", CREDENTIALS_DIRECTORY=str(folder)).stdout
    seen = theirs.by_its_owner("check", CREDENTIALS_DIRECTORY=str(folder))
    assert "credential:vtex_key: found 'Permission denied'" in seen.stdout
    assert not_the_owners(theirs) == []


def test_root_serves_with_the_credentials_that_are_roots_alone(theirs):
    folder = theirs.root.parent / "credentials"
    folder.mkdir(mode=0o700)
    (folder / "path_token").write_text("a-token-of-the-path-for-the-tests-1\n")
    port = free_port()
    config = theirs.project.config
    config.write_text(f'{config.read_text()}\n[api]\nbind = "127.0.0.1:{port}"\n[api.auth]\npath_token = "credential:path_token"\n')
    assert theirs.by_root("backup").returncode == 0

    with serving(theirs, CREDENTIALS_DIRECTORY=str(folder)) as server:
        assert answers(server, port), server.communicate()[0]
        assert theirs.by_its_owner("status").returncode == 0


@pytest.mark.parametrize(("place", "words"), [("connector.db", ("status",)), ("locks/backup.lock", ("backup",))])
def test_root_who_became_the_owner_is_told_to_give_all_of_var_back_and_not_to_be_root(theirs, place, words):
    assert theirs.by_its_owner("backup").returncode == 0
    path = theirs.root / "var" / place
    os.chown(path, 0, 0)
    path.chmod(0o600)
    done = theirs.by_root(*words)

    assert done.returncode == 2
    assert f"{path} belongs to root" in done.stderr
    assert f"chown -R nobody {theirs.root}/var" in done.stderr
    assert "as root" not in done.stderr


@pytest.mark.parametrize("mode", [0o700, 0o711])
@pytest.mark.parametrize("words", [("restore", "--force"), ("preview", "--feed", "prices"), ("layout", "try", "--feed", "prices")])
def test_a_file_of_roots_alone_that_root_names_is_to_be_copied_to_where_the_owner_may_read_it(theirs, mode, words):
    assert theirs.by_root("backup").returncode == 0
    home = theirs.root.parent / "home"
    home.mkdir(mode=mode)
    file = shutil.copy(next((theirs.root / "var/backups").glob("*.db")), home / "copy.db")
    file.chmod(0o600)
    done = theirs.by_root(*words, str(file))

    assert done.returncode == 2
    assert f"nobody may not read {file}" in done.stderr
    assert "chown nobody" in done.stderr
    assert words[0] != "restore" or f"into {theirs.root}/var/backups" in done.stderr


def test_a_backup_of_roots_in_the_projects_own_folder_is_named_with_its_owner(theirs):
    assert theirs.by_root("backup").returncode == 0
    backup = next((theirs.root / "var/backups").glob("*.db"))
    os.chown(backup, 0, 0)
    done = theirs.by_root("restore", "--force")

    assert done.returncode == 2
    assert f"{backup} belongs to root" in done.stderr
    assert f"chown -R nobody {theirs.root}/var" in done.stderr


@pytest.mark.parametrize(("place", "words"), [("connector.db", ("status",)), ("locks/backup.lock", ("backup",)), ("", ("status",))])
def test_what_belongs_to_root_there_is_named_with_the_way_to_give_it_back(theirs, place, words):
    assert theirs.by_its_owner("backup").returncode == 0
    path = theirs.root / "var" / place
    os.chown(path, 0, 0)
    done = theirs.by_its_owner(*words)

    assert done.returncode == 2
    assert f"{path} belongs to root" in done.stderr
    assert f"chown nobody {path}" in done.stderr
