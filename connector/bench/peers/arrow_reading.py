"""pyarrow: only read the files, batch by batch, with both cores. Nothing is compared, nothing kept."""

from __future__ import annotations

import sys
from pathlib import Path

from connector.bench.exports import ENCODING
from connector.bench.peers.told import FEEDS


def read(files: Path) -> int:
    """Return the number of rows."""
    import pyarrow.csv

    total = 0
    for feed in FEEDS:
        options = pyarrow.csv.ReadOptions(encoding=ENCODING)
        parsing = pyarrow.csv.ParseOptions(delimiter=";")
        types = {"sku": pyarrow.string(), "ean": pyarrow.string()}
        converting = pyarrow.csv.ConvertOptions(column_types=types, decimal_point=",")
        with pyarrow.csv.open_csv(files / f"{feed}.csv", options, parsing, converting) as batches:
            total += sum(batch.num_rows for batch in batches)
    return total


if __name__ == "__main__":
    print(read(Path(sys.argv[1])))
