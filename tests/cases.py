"""How much generated tests try: $FUZZ_CASES, else what a run of all tests has time for."""

import os

FEW = 100
CASES = int(os.environ.get("FUZZ_CASES", FEW))
