"""The stateful model's short form. `make campaign PART=order-model ARGS="--times 2000"` is the long one, of 50 steps a run."""

from cases import SEED, cases
from orders_machine import tried


def test_whatever_happens_to_orders_in_whatever_sequence_they_are_what_the_model_says(tmp_path):
    runs = cases(100)

    did = tried(tmp_path / "machine", runs, 30, SEED)

    assert did["runs"] >= runs
    assert min(did["orders"], did["files"]) > runs
