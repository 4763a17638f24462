"""What `connector init` gives a newcomer works as it stands: every sample file is taken, and every service level has rates."""

import json
import subprocess
import sys


def connector(root, *arguments, **environment):
    argv = [sys.executable, "-m", "connector", "--config", str(root / "config" / "connector.toml"), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin", **environment}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_sample_files_are_taken_as_they_are(tmp_path):
    root = tmp_path / "shop"
    subprocess.run([sys.executable, "-m", "connector", "init", str(root)], check=True, capture_output=True)
    samples = [path for path in (root / "inbox").rglob("*") if path.is_file()]
    connector(root, "run", "refresh-snapshot", CONNECTOR__ERP__SETTLE_SECONDS="0")
    status = json.loads(connector(root, "status", "--json"))

    assert samples
    assert [path for path in (root / "inbox").rglob("*") if path.is_file()] == []
    assert [feed for feed, known in status["snapshot"]["feeds"].items() if known["last_file"] is None] == []
