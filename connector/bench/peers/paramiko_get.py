"""paramiko's own get: `python -m connector.bench.peers.paramiko_get PORT USER KEY KNOWN_HOSTS FROM TO` prints the seconds."""

from __future__ import annotations

import sys
import time

import paramiko


def main(port: str, user: str, keys: tuple[str, str], source: str, to: str) -> float:
    key, known_hosts = keys
    started = time.perf_counter()
    with paramiko.SSHClient() as client:
        client.load_host_keys(known_hosts)
        client.connect("127.0.0.1", int(port), user, key_filename=key, look_for_keys=False, allow_agent=False)
        with client.open_sftp() as sftp:
            sftp.get(source, to)
    return time.perf_counter() - started


if __name__ == "__main__":
    port, user, key, known_hosts, source, to = sys.argv[1:]
    print(main(port, user, (key, known_hosts), source, to))
