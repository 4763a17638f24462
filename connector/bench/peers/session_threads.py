"""A requests.Session in each of so many threads, taking addresses from one queue. Nothing is kept.

`python -m connector.bench.peers.session_threads URL THREADS NUMBER` posts so many times, to an address of its own each.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import local

import requests

OWN = local()


def _post(url: str) -> None:
    session = getattr(OWN, "session", None)
    if session is None:
        session = OWN.session = requests.Session()
        session.trust_env = False
    session.post(url, timeout=30).raise_for_status()


def main(url: str, threads: int, number: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(_post, (f"{url}/{n}" for n in range(number))):
            pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
