"""How much generated tests try, and from which seed: $FUZZ_CASES and $FUZZ_SEED, else what a run of all tests has time for."""

import os

FEW = 100
SEED = int(os.environ.get("FUZZ_SEED", "20261124"))
"""Where a test's own chance begins: what failed once fails again."""


def cases(few: int = FEW) -> int:
    """Say how many cases a test tries: so few of them where nobody asks for more."""
    return int(os.environ.get("FUZZ_CASES", few))


CASES = cases()
