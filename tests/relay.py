"""A relay between a client and a server, that cuts and swallows."""

import contextlib
import socket
import threading


class Relay:
    """Passes bytes between a client and a server, and cuts each connection after `cut_after` of them (None: never).

    While it is `mute` it takes connections and bytes and passes nothing on.
    """

    def __init__(self, port):
        self.server_port, self.cut_after, self.longest, self.mute = port, None, 0, False
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for thread in self.threads:
            thread.join(10)

    def _accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            passed = [0, threading.Lock()]
            for one, other in ((client, server), (server, client)):
                self.threads.append(threading.Thread(target=self._pump, args=(one, other, passed), daemon=True))
                self.threads[-1].start()

    def _pump(self, source, sink, passed):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if self.mute:
                    continue
                with passed[1]:
                    left = len(data) if self.cut_after is None else self.cut_after - passed[0]
                    passed[0] += len(data)
                    self.longest = max(self.longest, passed[0])
                sink.sendall(data[: max(left, 0)])
                if left < len(data):
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            if end is source:
                end.close()
