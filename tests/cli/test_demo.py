"""The demo plays the whole job and believes nothing that it has not seen; a step without effect is noticed and named."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from connector.demo import stage, story


def test_the_whole_story_is_played_and_ends_by_itself():
    done = subprocess.run([sys.executable, "-m", "connector", "demo", "--once"], capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
    assert [step.name for step in story.STEPS if f". {step.name}: " not in done.stdout] == []
    assert "/console/" in done.stdout


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_from_outside_leaves_no_server_behind(how):
    """It is ended while it stays up: there is a terminal, and nobody pressed Ctrl-C."""
    controller, terminal = os.openpty()
    argv = [sys.executable, "-m", "connector", "demo"]
    with subprocess.Popen(argv, stdin=terminal, stdout=subprocess.PIPE, text=True) as demo:
        port = next(line for line in demo.stdout if "/console/" in line).split("127.0.0.1:")[1].split("/")[0]
        demo.send_signal(how)
        assert demo.wait(30) == 0
    os.close(controller)
    os.close(terminal)

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0


def test_no_step_is_seen_to_work_before_it_was_played():
    with stage.built() as built:
        play = story.Play(built)
        for step in story.STEPS:
            with pytest.raises((story.NotSeen, LookupError)):
                step.verify(play)
            step.act(play)
            assert step.verify(play), step.name


def test_a_step_without_its_effect_ends_the_demo_and_is_named(capsys):
    """The step's act is left out; what would verify it must not find it."""
    assert story.play(once=True, leave_out="refresh-snapshot") == 1

    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("✗")] == [said[-1]]
    assert ". refresh-snapshot: not seen: " in said[-1]
