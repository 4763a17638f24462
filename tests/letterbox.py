"""Small real servers that take what alarms send: HTTP and SMTP on loopback."""

import json
import socketserver
import ssl
import threading
import time
from contextlib import contextmanager
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook(ThreadingHTTPServer):
    """Takes JSON documents; `status` is its answer, `slow` how many seconds it takes over it, byte by byte."""

    daemon_threads = True

    def __init__(self):
        self.taken, self.paths, self.headers_seen = [], [], []
        self.status, self.slow = 200, 0.0
        super().__init__(("127.0.0.1", 0), _Hooked)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook/secret-part"


class _Hooked(BaseHTTPRequestHandler):
    def do_POST(self):
        hook = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hook.paths.append(self.path)
        hook.headers_seen.append(dict(self.headers))
        if hook.slow:
            self._trickle(hook.slow)
            return
        if hook.status < 300:
            hook.taken.append(body)
        self.send_response(hook.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _trickle(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.wfile.write(b"H")
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, *_):
        """Say nothing."""


class Post(socketserver.ThreadingTCPServer):
    """Takes letters; `refuses` answers 550 to every recipient, `mute` says nothing at all; with `tls`, it offers STARTTLS."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, tls=None):
        self.letters, self.logins = [], []
        self.refuses = self.mute = False
        self.tls, self.ciphers = tls, []
        super().__init__(("127.0.0.1", 0), _Posted)

    @property
    def port(self):
        return self.server_address[1]


class _Posted(socketserver.StreamRequestHandler):
    def handle(self):
        post = self.server
        if post.mute:
            time.sleep(3)
            return
        self._say("220 post.example")
        while line := self.rfile.readline():
            word = line.decode().strip()
            verb = word.split(" ")[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                post.letters.append(message_from_string(self._body()))
                self._say("250 taken")
            elif verb == "EHLO":
                self._say(f"250-post.example\r\n250 {'STARTTLS' if self._is_plain() else 'AUTH PLAIN'}")
            elif verb == "STARTTLS":
                self._say("220 go ahead")
                if not self._encrypted():
                    return
            elif verb == "AUTH":
                post.logins.append(word)
                self._say("235 welcome")
            elif verb == "RCPT" and post.refuses:
                self._say("550 nobody here")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _is_plain(self):
        return self.server.tls is not None and not isinstance(self.connection, ssl.SSLSocket)

    def _encrypted(self):
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            return False  # the client does not trust us
        self.server.ciphers.append(self.connection.cipher()[0])
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        return True

    def finish(self):
        super().finish()
        self.connection.close()  # the encrypted one is another socket than the server's own

    def _body(self):
        return b"".join(iter(self.rfile.readline, b".\r\n")).decode()

    def _say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
