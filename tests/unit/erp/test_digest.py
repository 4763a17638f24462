"""A file's hash, computed beside its copying."""

import threading
from hashlib import sha256

import pytest

from connector.erp.digest import AHEAD, PIECE, digesting


@pytest.mark.parametrize("sizes", [(), (1,), (PIECE,), (PIECE - 1, 2), (3 * PIECE,), (7,) * 1000, (PIECE // 3,) * (9 * AHEAD)])
def test_it_is_the_hash_of_all_bytes_in_their_order(sizes):
    contents = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
    with digesting() as digest:
        for content in contents:
            digest.update(content)

        assert digest.hexdigest() == sha256(b"".join(contents)).hexdigest()


def failing():
    with digesting() as digest:
        digest.update(b"x" * PIECE)
        raise OSError("gone")


def test_its_thread_ends_when_the_copying_fails():
    before = threading.active_count()
    with pytest.raises(OSError, match="gone"):
        failing()

    assert threading.active_count() == before
