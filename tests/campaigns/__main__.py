"""`python -m campaigns PART [--kills N] [--seed N]` from tests/: runs one part, prints its figures, ends 1 where a promise was broken."""

import argparse
import sys

from campaigns import kills, several_nodes

PARTS = {
    "kills": kills.main,
    "kills-sftp": lambda n, seed: kills.main(n, seed, place="sftp"),
    "kills-postgresql": lambda n, seed: kills.main(n, seed, place="postgresql"),
    "several-nodes": lambda n, seed: several_nodes.main(seed, n),
}


def main():
    parser = argparse.ArgumentParser(prog="campaigns", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--kills", type=int, default=1000, help="several-nodes: how many seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = PARTS[given.part](given.kills, given.seed)
    sys.stdout.write(f"{given.part}: {figures}\n")
    return int(bool(figures.faults))


if __name__ == "__main__":
    sys.exit(main())
