"""`python tests/campaigns PART [--times N] [--seed N]`: runs one part, prints its figures, ends 1 where a promise was broken."""

import argparse
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from campaigns import (  # noqa: E402  # found by the line above
    clocks,
    disk_order,
    file_fuzz,
    http_fuzz,
    kills,
    order_model,
    planted,
    several_nodes,
    sftp_faults,
    soak,
    sweep,
    trading,
    vtex_faults,
)

KILLS_A_ROUND = 20


def plant(times, seed):
    """Plant each known bug in turn; a campaign that does not find it with so many kills is broken itself."""
    figures = kills.Figures(seed)
    for bug in planted.BUGS:
        if bug == "normal-sync":
            found = disk_order.main(20, seed, bug=bug)
        else:
            figures.add(found := _killed_until_found(bug, times, seed))
        sys.stdout.write(f"{bug}: {found}\n")
        sys.stdout.flush()
        if not found.faults:
            figures.faults.append(f"the planted bug {bug} was not found")
    return figures


def _killed_until_found(bug, times, seed):
    """Kill in rounds, each with a project and a seed of its own, until something is wrong; what is lost shows at the end of a round."""
    figures = kills.Figures(seed)
    while not figures.faults and figures.done.total() < times:
        trade = trading.Trade(seed) if planted.BUGS[bug] in planted.TRADED else None
        one = kills.main(min(KILLS_A_ROUND, times), seed + figures.rounds, bug=bug, trade=trade, to_the_first_fault=True)
        figures.add(one)
        figures.faults += one.faults
    return figures


PARTS = {
    "kills": kills.main,
    "kills-sftp": lambda times, seed: kills.main(times, seed, place="sftp"),
    "kills-trade": lambda times, seed: kills.main(times, seed, trade=trading.Trade(seed)),
    "kills-postgresql": lambda times, seed: kills.main(times, seed, place="postgresql"),
    "clocks": clocks.main,
    "disk-order": disk_order.main,
    "file-fuzz": file_fuzz.main,
    "http-fuzz": http_fuzz.main,
    "order-model": order_model.main,
    "planted": plant,
    "several-nodes": lambda times, seed: several_nodes.main(seed, times),
    "sftp-faults": sftp_faults.main,
    "soak": soak.main,
    "vtex-faults": vtex_faults.main,
    "sweep": sweep.main,
}


def main():
    parser = argparse.ArgumentParser(prog="campaigns", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--times", type=int, default=1000, help="kills, points, requests, files, runs; several-nodes, soak: seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a campaign started ends with it
    figures = PARTS[given.part](given.times, given.seed)
    sys.stdout.write(f"{given.part}: {figures}\n")
    return int(bool(figures.faults))


if __name__ == "__main__":
    sys.exit(main())
