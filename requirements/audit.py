"""`make audit`: known flaws of what is locked, licences, bill of materials, secrets. Runs in an environment of its own.

Exit status: 0 all was looked at and nothing found; 1 something was found; 3 something could not be looked at, which is not "nothing found".
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "run.lock"
RESULTS = ROOT / "var" / "audit"
PROGRAMS = Path(sys.executable).parent
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
NOT_OURS = re.compile(r"\bA?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)
LICENCES = """
import importlib.metadata as m, json, sys
def of(d):
    c = [x.rpartition(" :: ")[2] for x in d.get_all("Classifier") or [] if x.startswith("License ::")]
    return d.get("License-Expression") or "; ".join(c) or (d.get("License") or "").strip().splitlines()[:1] or ""
print(json.dumps({n: of(m.metadata(n)) for n in json.load(sys.stdin)}))
"""


def main(python: str) -> int:
    """Do all of it, whatever is found before; return the worst status."""
    RESULTS.mkdir(mode=0o700, parents=True, exist_ok=True)
    locked = dict(LOCKED.findall(LOCK.read_text(encoding="utf-8")))
    found = [flaws(len(locked)), licences(python, sorted(locked)), bill(len(locked)), secrets()]
    return max(found)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def run(*line: object, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in line], capture_output=True, text=True, check=False, cwd=ROOT, **how)  # type: ignore[call-overload,no-any-return]  # noqa: S603  # our own programs, our arguments; keywords are subprocess's


def flaws(count: int, programs: Path = PROGRAMS) -> int:
    """Ask the advisory service about every locked package; an answer for fewer is no answer."""
    done = run(programs / "pip-audit", "--strict", "--disable-pip", "--requirement", LOCK, "--format", "json", "--progress-spinner", "off")
    try:
        answered = [one for one in json.loads(done.stdout)["dependencies"] if "skip_reason" not in one]
    except (ValueError, KeyError, TypeError):
        said = " ".join(done.stderr.split())[-300:]
        say(f"flaws: NOT LOOKED AT: pip-audit could not ask about all of the {count} packages locked: {said}")
        return 3
    bad = [f"{one['name']} {one['version']}: {flaw['id']}" for one in answered for flaw in one["vulns"]]
    say(f"flaws: {len(answered)} of {count} packages looked at, {len(bad)} known flaws" + "".join(f"\n  {line}" for line in bad))
    return 3 if len(answered) != count else 1 if bad else 0


def licences(python: str, names: list[str]) -> int:
    """List each package's licence; one that would bind this project's own is named."""
    done = run(python, "-c", LICENCES, input=json.dumps(names))
    if done.returncode:
        say(f"licences: NOT LOOKED AT: {' '.join(done.stderr.split())[-300:]}")
        return 3
    known = {name: said if isinstance(said, str) else said[0] for name, said in json.loads(done.stdout).items()}
    (RESULTS / "licences.csv").write_text("".join(f"{name};{said}\n" for name, said in known.items()), encoding="utf-8")
    bad = [f"{name}: {said or 'no licence is named'}" for name, said in known.items() if not said or NOT_OURS.search(said)]
    say(f"licences: {len(known)} in {RESULTS.relative_to(ROOT)}/licences.csv" + "".join(f"\n  to look at: {line}" for line in bad))
    return 1 if bad else 0


def bill(count: int) -> int:
    """Write the bill of materials, one component for each locked package."""
    place = RESULTS / "sbom.json"
    done = run(PROGRAMS / "cyclonedx-py", "requirements", LOCK, "--output-reproducible", "--of", "JSON", "-o", place)
    if done.returncode:
        say(f"bill of materials: NOT WRITTEN: {' '.join(done.stderr.split())[-300:]}")
        return 3
    listed = len(json.loads(place.read_text(encoding="utf-8"))["components"])
    say(f"bill of materials: {listed} of {count} packages in {place.relative_to(ROOT)}")
    return 0 if listed == count else 1


SECRET = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token of VTEX's length": re.compile(rb"(?<![A-Za-z0-9])[A-Z]{100,}(?![A-Za-z0-9])"),
    "an app key": re.compile(rb"vtexappkey-(?!acme|sandbox|x{3,})[a-z0-9]+-[A-Z]{6}(?![A-Z])"),
}


def tracked_secrets() -> list[str]:
    """Name the tracked files that hold what looks like a secret, and what it looks like."""
    names = run("git", "ls-files", "-z").stdout.split("\0")
    files = [(name, (ROOT / name).read_bytes()) for name in names if name and (ROOT / name).is_file()]
    return [f"{name} holds {what}" for name, content in files for what, look in SECRET.items() if look.search(content)]


def secrets() -> int:
    """Look for secrets in every tracked file."""
    found = tracked_secrets()
    say(f"secrets: {len(found)} found in tracked files" + "".join(f"\n  {line}" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
