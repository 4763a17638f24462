"""Any sequence of real exports, spoiled ones and held ones among them, leaves what a plain reading of the good ones gives.

The reading here shares nothing with the program but the rules that the README tells.
"""

import gzip
import io
import os
import random
import zipfile

import pytest
from catalog_world import Catalog

from connector.usecases import repair

MORE = """
[feeds.stock]
mode = "{mode}"
max_removed = 0.3
max_zeroed = 0.5
max_rejected = 0.4
"""
SKUS = [f"{n:03d}" for n in range(14)]
BAD = ("x", "", "1,5", "١", "1e3", "--1", "NaN")


class PlainReading:
    """What is known, by the rules alone: rows in, a dictionary out."""

    def __init__(self, mode):
        self.mode, self.known = mode, {}

    def verdict(self, rows):
        """Say what becomes of an export of rows (sku, text): refused, held, or applied; and what would be known then."""
        kept, good = self._read(rows)
        removed = self.known.keys() - good.keys() - kept if self.mode == "full" else set()
        after = {sku: count for sku, count in self.known.items() if sku not in removed} | good
        bad = sum(1 for sku, _ in rows if sku in kept)
        stocked = [sku for sku, count in self.known.items() if count > 0]
        zeroed = [sku for sku in stocked if after.get(sku, 0) <= 0]
        if bad * 10 > 4 * len(rows):
            return "refused", self.known
        is_empty = self.mode == "full" and not good and self.known
        counting = {sku for sku, count in self.known.items() if count or good.get(sku)}
        is_held = is_empty or len(removed & counting) * 10 > 3 * len(counting) or len(zeroed) * 2 > len(stocked)
        return ("held" if is_held else "applied"), after

    def _read(self, rows):
        """Return the keys with a bad row or with rows that differ, and the quantities of the others."""
        texts = {}
        for sku, text in rows:
            texts.setdefault(sku, set()).add(text)
        kept = {sku for sku, said in texts.items() if len(said) > 1 or said & set(BAD)}
        return kept, {sku: int(said.pop()) for sku, said in texts.items() if sku not in kept}


def changed(dice, rows):
    """The next export: the last one's rows, some added, removed, changed, shuffled, repeated and spoiled."""
    rows = dict(rows)
    for _ in range(dice.randint(0, 4)):
        rows[dice.choice(SKUS)] = str(dice.randint(-1, 9))
    for _ in range(dice.choice([0, 0, 1, 2, 6])):
        rows.pop(dice.choice(SKUS), None)
    if dice.random() < 0.08:
        rows = dict.fromkeys(rows, "0")
    found = list(rows.items())
    extra = dice.choice([0, 0, 0, 1, 2, 5])
    found += [(dice.choice(SKUS), dice.choice([*BAD, str(dice.randint(0, 9))])) for _ in range(extra)]
    dice.shuffle(found)
    return [] if dice.random() < 0.04 else found


def written(dice, rows):
    """The same rows as one of the forms in which ERPs send them: name's ending and bytes."""
    mark, end = dice.choice(";,\t|"), dice.choice(["\n", "\r\n"])
    backwards = dice.random() < 0.3
    mark = ";" if mark == "," else mark  # "1,5" is a value here
    cells = [("sku", "quantity"), *rows]
    lines = [mark.join(f'"{cell}"' if dice.random() < 0.2 else cell for cell in (pair[::-1] if backwards else pair)) for pair in cells]
    for _ in range(dice.choice([0, 0, 2])):
        lines.insert(dice.randint(1, len(lines)), "")
    data = (end.join(lines) + dice.choice(["", end])).encode(dice.choice(["utf-8", "utf-8-sig"]))
    match dice.randint(0, 5):
        case 0:
            return ".csv.gz", gzip.compress(data)
        case 1:
            box = io.BytesIO()
            with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("s.csv", data)
            return ".zip", box.getvalue()
    return ".csv", data


def spoiled(dice, data):
    """Bytes that are no export any more."""
    return dice.choice(
        [b"", data[: max(4, len(data) // 3)] if data[:2] in (b"PK", b"\x1f\x8b") else b"nada;disto\n1;2\n", b"\xff\xfe" + data, bytes(5000)]
    )


@pytest.mark.parametrize("mode", ["full", "delta"])
@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_files_leaves_what_a_plain_reading_of_the_good_ones_gives(tmp_path, seed, mode):
    os.environ.update(CATALOG_KEY="key", CATALOG_TOKEN="token")
    dice, plain = random.Random(f"{seed}{mode}"), PlainReading(mode)
    world, rows, seen = Catalog(tmp_path / "project", more=MORE.format(mode=mode)), [(sku, "5") for sku in SKUS[:8]], set()
    try:
        for turn in range(30):
            ending, data = written(dice, rows)
            is_spoiled = turn > 0 and dice.random() < 0.15
            path = world.root / "inbox" / "stock" / f"f{turn}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(spoiled(dice, data) if is_spoiled else data)
            os.utime(path, (world.now.timestamp(),) * 2)
            world.run()
            state, after = ("refused", plain.known) if is_spoiled else plain.verdict(rows)

            assert world.ledger()[-1] == (f"stock/f{turn}{ending}", state), f"turn {turn}: {rows}"
            if state == "held" and dice.random() < 0.4:
                repair.held_approve(world.app, world.held()[-1]["id"], by="me")
                state = "applied"
            plain.known = after if state == "applied" else plain.known
            seen.add(state)
            assert world.stock() == plain.known, f"turn {turn}: {rows}"
            assert world.lies("inbox") == []
            rows = changed(dice, {sku: str(count) for sku, count in plain.known.items()})
    finally:
        world.app.db.close()
    assert seen >= {"applied", "refused"}


def test_the_plain_reading_knows_the_rules():
    plain = PlainReading("full")
    plain.known = {"1": 5, "2": 5, "3": 5, "4": 5}

    assert plain.verdict([("1", "6"), ("2", "x"), ("3", "5"), ("4", "5")]) == ("applied", {"1": 6, "2": 5, "3": 5, "4": 5})
    assert plain.verdict([("1", "6"), ("2", "5"), ("3", "5")]) == ("applied", {"1": 6, "2": 5, "3": 5})
    assert plain.verdict([("1", "6"), ("2", "5")])[0] == "held"
    assert plain.verdict([("1", "0"), ("2", "0"), ("3", "0"), ("4", "5")])[0] == "held"
    assert plain.verdict([("1", "x"), ("2", "x"), ("3", "5")])[0] == "refused"
    assert plain.verdict([])[0] == "held"

    plain.known = {"1": 5, "2": 5, "3": 0, "4": 0}

    assert plain.verdict([("1", "6"), ("3", "5"), ("4", "5")])[0] == "applied"
    assert plain.verdict([("1", "6"), ("3", "0"), ("4", "0")])[0] == "held"
