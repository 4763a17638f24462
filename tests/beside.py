"""What goes on in a thread of its own while a test does something else."""

import threading


class Beside(threading.Thread):
    """Does one thing again and again until told to stop, and keeps what went wrong; `pause` seconds between two times."""

    def __init__(self, once, pause=0.005):
        super().__init__(daemon=True)
        self.once, self.pause = once, pause
        self.stop, self.times, self.error = threading.Event(), 0, None

    def run(self):
        try:
            while not self.stop.wait(self.pause):
                self.once(self.times)
                self.times += 1
        except Exception as error:  # noqa: BLE001  # a thread's error is the test's to show
            self.error = error

    def ended(self):
        self.stop.set()
        self.join(30)
        assert self.error is None, repr(self.error)
        assert self.times > 0
