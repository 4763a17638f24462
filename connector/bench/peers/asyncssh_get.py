"""asyncssh's get: `python -m connector.bench.peers.asyncssh_get PORT USER KEY KNOWN_HOSTS FROM TO` prints the seconds."""

from __future__ import annotations

import asyncio
import sys
import time


async def main(port: str, user: str, keys: tuple[str, str], source: str, to: str) -> float:
    key, known_hosts = keys
    import asyncssh

    started = time.perf_counter()
    async with (
        asyncssh.connect("127.0.0.1", int(port), username=user, client_keys=[key], known_hosts=known_hosts) as connection,
        connection.start_sftp_client() as sftp,
    ):
        await sftp.get(source, to)
    return time.perf_counter() - started


if __name__ == "__main__":
    port, user, key, known_hosts, source, to = sys.argv[1:]
    print(asyncio.run(main(port, user, (key, known_hosts), source, to)))
