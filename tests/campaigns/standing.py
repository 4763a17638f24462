"""Processes that are started again whenever they die, as systemd would do it: the whole group goes with its first process."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress


class Standing:
    """One service, until `end`; in between it is started again 0.05 s after it died, and `deaths` counts that.

    `start` returns a process of its own group, as `subprocess.Popen` does: something with `pid` and `wait`.
    """

    def __init__(self, start):
        self._start, self.deaths = start, 0
        self._ending = threading.Event()
        self._process = start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def pid(self):
        return self._process.pid

    def children(self):
        found = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def kill(self):
        """Kill the first process; the watcher clears the rest of its group away and starts it again."""
        return signalled(self.pid, signal.SIGKILL)

    def end(self):
        """Ask it to end; returns its exit status and how many seconds that took."""
        self._ending.set()
        began = time.monotonic()
        signalled(self.pid, signal.SIGTERM)
        status = self._process.wait(40)
        self._watcher.join(5)
        return status, time.monotonic() - began

    def _watch(self):
        while not self._ending.is_set():
            self._process.wait()
            if self._ending.is_set():
                return
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.deaths += 1
            time.sleep(0.05)
            self._process = self._start()


def plain(name, argv, folder, env=None):
    """Return what starts a command anew; what it says goes to a log in the folder."""

    def start():
        with (folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=log, env=env, cwd=folder, start_new_session=True)

    return start


class Mould:
    """Starts one command again and again out of a process that has everything imported (`planted.py`)."""

    def __init__(self, argv, folder, env=None):
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=folder, start_new_session=True
        )

    def start(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Cast(int(self._process.stdout.readline()), self._process.stdout)

    def end(self):
        self._process.kill()
        self._process.communicate()


class Cast:
    """One process out of a mould; its status comes after it."""

    def __init__(self, pid, answers):
        self.pid, self._status, self._over = pid, None, threading.Event()
        threading.Thread(target=self._read, args=(answers,), daemon=True).start()

    def wait(self, timeout=None):
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self._status

    def _read(self, answers):
        self._status = int(answers.readline() or -signal.SIGKILL)
        self._over.set()


def signalled(pid, which):
    """Send a signal; False where there is no such process any more."""
    try:
        os.kill(pid, which)
    except ProcessLookupError:
        return False
    return True
