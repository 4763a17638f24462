"""The demo plays the whole job and believes nothing that it has not seen; a step without effect is noticed and named."""

import subprocess
import sys

import pytest

from connector.demo import story


def test_the_whole_story_is_played_and_ends_by_itself():
    done = subprocess.run([sys.executable, "-m", "connector", "demo", "--once"], capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
    assert [step.name for step in story.STEPS if f". {step.name}: " not in done.stdout] == []
    assert "/console/" in done.stdout


@pytest.mark.parametrize("name", ["refresh-snapshot", "notify-marketplaces", "export-orders", "dispatch", "tracking"])
def test_a_step_without_its_effect_is_noticed_and_named(capsys, name):
    """The step's act is left out; what would verify it must not find it."""
    assert story.play(once=True, leave_out=name) == 1

    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("✗")] == [said[-1]]
    assert f". {name}: not seen: " in said[-1]
