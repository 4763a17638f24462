"""Processes that are started again whenever they die, as systemd would do it: the whole group goes with its first process."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress


class Standing:
    """One service. `start` until `end`; in between it is started again 0.05 s after it died, and `deaths` counts that."""

    def __init__(self, name, argv, folder, env=None):
        self.name, self.argv, self.folder, self.env = name, argv, folder, env
        self.deaths = 0
        self._ending = threading.Event()
        self._process = self._started()
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
        signalled(self.pid, signal.SIGKILL)

    def end(self):
        """Ask it to end; returns its exit status and how many seconds that took."""
        self._ending.set()
        began = time.monotonic()
        signalled(self.pid, signal.SIGTERM)
        status = self._process.wait(40)
        self._watcher.join(5)
        return status, time.monotonic() - began

    def _started(self):
        with (self.folder / f"{self.name}.log").open("ab") as log:
            return subprocess.Popen(self.argv, stdout=log, stderr=log, env=self.env, cwd=self.folder, start_new_session=True)

    def _watch(self):
        while not self._ending.is_set():
            self._process.wait()
            if self._ending.is_set():
                return
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.deaths += 1
            time.sleep(0.05)
            self._process = self._started()


def signalled(pid, which):
    with suppress(ProcessLookupError):
        os.kill(pid, which)
