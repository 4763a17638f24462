"""The command on a terminal of 80 columns: a page that is drawn anew, tables that can be read, completion, mistyped words."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest
from conftest import COMMAND
from servers import wait_for

from connector.cli import show

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


HEEDING_CTRL_C = ("env", "--default-signal=INT")
"""Tests that a script runs in the background inherit that Ctrl-C is not for them; whoever sits at a terminal does not."""


class Terminal:
    """A command that writes on a terminal of 80 columns and 60 lines."""

    def __init__(self, project, *words):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 80, 0, 0))
        os.set_blocking(self._master, False)
        environment = {**project.environment, "TERM": "xterm"}
        for name in ("COLUMNS", "LINES"):  # they would count for more than the terminal itself
            environment.pop(name, None)
        words = [*HEEDING_CTRL_C, COMMAND, *words]
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=project.root)
        os.close(slave)
        self._seen = b""

    @property
    def seen(self):
        try:
            while found := os.read(self._master, 65536):
                self._seen += found
        except OSError:
            pass
        return CONTROL.sub("", self._seen.decode(errors="replace"))

    def has_ended(self):
        """Read on while asking: a command whose terminal is full waits for its reader, also in order to end."""
        return bool(self.seen) and self.process.poll() is not None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


def test_status_is_drawn_anew_until_ctrl_c(project):
    terminal = Terminal(project, "status", "--watch", "--every", "0.2")
    try:
        wait_for(lambda: "Dead letters: none" in terminal.seen, "the page")
        (project.root / "inbox" / "stock").mkdir()
        (project.root / "inbox" / "stock" / "s.csv").write_text("sku;quantity\n1;2\n")
        wait_for(lambda: "stock/s.csv" in terminal.seen, "what is new")
        terminal.process.send_signal(signal.SIGINT)
        wait_for(terminal.has_ended, "its end")
        assert terminal.process.returncode == 0
        assert "Traceback" not in terminal.seen
    finally:
        terminal.close()


def test_without_a_terminal_it_says_so(project):
    done = project.call("status", "--watch")

    assert (done.returncode, "--watch draws on a terminal" in done.stderr) == (2, True)


def test_what_is_mistyped_is_guessed(project):
    for words, meant in (
        (("statsu",), "Did you mean 'status'?"),
        (("pause", "lojja"), "did you mean loja?"),
        (("preview", str(project.config), "--feed", "prizes"), "did you mean prices?"),
        (("listings", "list", "--state", "knwon"), "did you mean known?"),
    ):
        assert meant in project.call(*words).stderr, words


@pytest.mark.parametrize(
    ("words", "found"), [("connector hel", "held"), ("connector held ap", "approve"), ("connector status --wa", "--watch")]
)
def test_words_are_completed(project, words, found):
    variables = {"_CONNECTOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert project.call(**variables).stdout.split() == [found]


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
WIDE = [{"id": 7, "file": "stock/estoque-2026-11-24.csv", "column": "quantity", "value": "many", "reason": "it is no whole number " * 8}]


def printed(capsys, width):
    token = show.WIDTH.set(width)
    try:
        show.records("Quarantine", WIDE, ("id", "what", "file", "column", "value", "reason"))
    finally:
        show.WIDTH.reset(token)
    return capsys.readouterr().out


def test_a_table_that_does_not_fit_is_told_row_by_row_and_breaks_no_word(capsys):
    narrow, wide = printed(capsys, 80), printed(capsys, 260)

    assert all(len(line) <= 80 for line in narrow.splitlines())
    assert narrow.splitlines()[:4] == ["Quarantine", "- id: 7", "  file: stock/estoque-2026-11-24.csv", "  column: quantity"]
    assert "what" not in narrow
    assert wide.splitlines()[1].split() == ["id", "what", "file", "column", "value", "reason"]
