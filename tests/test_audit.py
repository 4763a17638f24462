"""What is installed is locked by hash, nothing secret is tracked, and an audit that could not ask does not pass."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
SPEC = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_locked_to_one_version_with_its_hashes(lock):
    entries = re.split(r"^(?=[A-Za-z0-9])", lock.read_text(), flags=re.MULTILINE)
    packages = [entry for entry in entries if entry.strip() and not entry.startswith("#")]

    assert len(packages) > 20
    assert [entry.split()[0] for entry in packages if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry, re.DOTALL)] == []


def test_no_secret_is_tracked():
    assert audit.tracked_secrets() == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----"),
        ("a token of VTEX's length", "token=" + "QWERTYUIOP" * 12),
        ("an app key", "vtexappkey-" + "realstore-ABCDEF"),
    ],
)
def test_what_looks_like_a_secret_is_seen(what, text):
    assert audit.SECRET[what].search(text.encode())


def asking(folder, answered):
    """A pip-audit that answers so."""
    program = folder / "pip-audit"
    program.write_text(f"#!{sys.executable}\nprint({json.dumps(answered)!r})\n")
    program.chmod(0o755)
    return folder


def package(name, **more):
    return {"name": name, "version": "1", "vulns": [], **more}


@pytest.mark.parametrize(
    ("answered", "status"),
    [
        ({"dependencies": [package("a"), package("b")]}, 0),
        ({"dependencies": [package("a"), package("b", vulns=[{"id": "PYSEC-1"}])]}, 1),
        ({"dependencies": [package("a")]}, 3),
        ({"dependencies": [package("a"), {"name": "b", "skip_reason": "not found"}]}, 3),
        ("nothing of the kind", 3),
    ],
)
def test_an_audit_passes_only_where_it_was_answered_for_every_package(tmp_path, capsys, answered, status):
    assert audit.flaws(2, asking(tmp_path, answered)) == status
    assert ("NOT LOOKED AT" in capsys.readouterr().out) == (answered == "nothing of the kind")
