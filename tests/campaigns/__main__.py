"""`python tests/campaigns PART [--times N] [--seed N]`: runs one part, prints its figures, ends 1 where a promise was broken."""

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from campaigns import kills, planted, several_nodes, sweep  # noqa: E402  # found by the line above


def plant(times, seed):
    """Plant each known bug in turn; a campaign that does not find it is broken itself."""
    found = {bug: kills.main(times, seed, bug=bug) for bug in planted.BUGS}
    figures = kills.Figures(seed, times * len(found))
    figures.seconds = sum(one.seconds for one in found.values())
    figures.acknowledged, figures.taken = sum(one.acknowledged for one in found.values()), sum(one.taken for one in found.values())
    figures.faults = [f"the planted bug {bug} was not found" for bug, one in found.items() if not one.faults]
    for bug, one in found.items():
        sys.stdout.write(f"{bug}: {one}\n")
    return figures


PARTS = {
    "kills": kills.main,
    "kills-sftp": lambda times, seed: kills.main(times, seed, place="sftp"),
    "kills-postgresql": lambda times, seed: kills.main(times, seed, place="postgresql"),
    "planted": plant,
    "several-nodes": lambda times, seed: several_nodes.main(seed, times),
    "sweep": sweep.main,
}


def main():
    parser = argparse.ArgumentParser(prog="campaigns", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--times", type=int, default=1000, help="kills, or points of the sweep; several-nodes: seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = PARTS[given.part](given.times, given.seed)
    sys.stdout.write(f"{given.part}: {figures}\n")
    return int(bool(figures.faults))


if __name__ == "__main__":
    sys.exit(main())
