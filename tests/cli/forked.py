"""Runs the command `connector` in forks of one process that has everything imported: half a second of CPU less for each call.

What a call gets is what a new process would get: its line, folder, environment and output, and a process of its own that ends as
`connector` ends. Started as `forked.py SOCKET`, the number of an open one, this page is that process.
"""

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

OWN_IMPORTS = ("PYTHON", "LANG", "LC_", "TZ")
"""What Python and its libraries read when they start: a call with such a variable needs a process that starts with it."""


def can_run(variables):
    """Tell whether a call with these variables more may be a fork."""
    return not any(name.startswith(OWN_IMPORTS) for name in variables)


def run(line, folder, environment, *, seconds):
    """Run the command; returns what `subprocess.run` would return, with its output as text."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        call = json.dumps({"line": line, "folder": str(folder), "environment": environment}).encode()
        asked = _server()
        asked.settimeout(seconds)
        socket.send_fds(asked, [call], [out.fileno(), errors.fileno()])
        try:
            status = int(asked.recv(20))
        except TimeoutError:
            _server.cache_clear()  # its late answer is none to the next call
            raise
        return subprocess.CompletedProcess(line, status, _text(out), _text(errors))


def _text(file):
    file.seek(0)
    return file.read().decode()


@cache
def _server():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        line = [sys.executable, __file__, str(theirs.fileno())]
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    atexit.register(_end, ours, process)
    return ours


def _end(asked, process):
    asked.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:  # a call that never ends
        process.kill()
        process.wait()


def serve(asked):
    """Answer each call with the exit status of its process, or the negative number of the signal that ended it; end with the asker."""
    while True:
        message, files, _flags, _address = socket.recv_fds(asked, 1 << 17, 2)
        if not message:
            return
        pid = os.fork()
        if not pid:
            asked.close()
            become(json.loads(message), files)
        for file in files:
            os.close(file)
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def become(call, files):
    """Be `connector` with this call, to the end of this process."""
    status = 1
    try:
        for number, file in enumerate(files, 1):
            os.dup2(file, number)
            os.close(file)
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"])
        sys.argv = call["line"]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        logging.getLogger("connector").exception("it ended badly")
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.path[:0] = map(str, [Path(__file__).parents[2], Path(__file__).parents[1]])
    from loaded import load

    from connector.cli.main import main

    load()
    serve(socket.socket(fileno=int(sys.argv[1])))
