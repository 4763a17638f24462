"""Archives: what is in them is read; bombs, rubbish and tricks are refused in bounded time and memory."""

import gzip
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.errors import FileRefused
from connector.feeds import FEEDS, unpacked_reading
from connector.formats import archives
from connector.formats.layout import Layout

STOCK = "sku;quantity\n001;5\n002;7\n"
NFE = (Path(__file__).parents[2] / "golden/invoices/nfe.xml").read_text(encoding="utf-8")
UTC = ZoneInfo("UTC")


def packed(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def read(path, feed="stock", pattern="*", trailer=""):
    """Rows, rejections as line and reason, notes."""
    with unpacked_reading(
        FEEDS[feed], path, Layout(), timezone=UTC, folder=path.parent / "work", pattern=pattern, trailer=trailer
    ) as reading:
        batches = list(reading.batches())
        rows = [(line, *row) for batch in batches for line, row in batch.rows]
        return rows, [(r.line, r.reason) for batch in batches for r in batch.rejections], reading.notes


def refusal(path, **how):
    with pytest.raises(FileRefused) as caught:
        read(path, **how)
    return str(caught.value)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path):
    yield
    assert [found for found in tmp_path.rglob("*") if "unpacked-" in str(found)] == []


def test_a_zip_of_one_file_is_read_whatever_the_file_is_called(tmp_path):
    path = packed(tmp_path / "s.zip", {"dir/EXPORT": STOCK})
    rows, bad, notes = read(path, pattern="s*.csv")

    assert (rows, bad) == ([(2, "001", "", 5), (3, "002", "", 7)], [])
    assert notes[0] == "unpacked: dir/EXPORT"


def test_gzip_is_read_by_the_ending_below_its_own(tmp_path):
    path = tmp_path / "s.csv.gz"
    path.write_bytes(gzip.compress(STOCK.encode()))

    assert read(path)[0] == [(2, "001", "", 5), (3, "002", "", 7)]


def test_of_several_files_those_that_match_are_taken_and_the_others_named(tmp_path):
    path = packed(
        tmp_path / "all.zip", {"stock1.csv": STOCK, "prices.csv": "sku;price\n1;2\n", "stock2.csv": "sku;quantity\n003;x\n004;9\n"}
    )
    rows, bad, notes = read(path, pattern="stock*")

    assert rows == [(2, "001", "", 5), (3, "002", "", 7), (6, "004", "", 9)]
    assert [line for line, _ in bad] == [5]
    assert notes[:2] == ["unpacked: stock1.csv, stock2.csv (its line 1 counted as 4)", "left out of the archive: prices.csv"]


def test_system_litter_is_no_file(tmp_path):
    path = packed(tmp_path / "s.zip", {"__MACOSX/._s.csv": "x", ".DS_Store": "x", "d/": "", "s.csv": STOCK})

    assert len(read(path)[0]) == 2


def test_each_file_of_an_archive_is_held_to_its_own_trailer(tmp_path):
    good = packed(tmp_path / "g.zip", {"a.csv": STOCK + "TRL;2\n", "b.csv": "sku;quantity\n3;1\nTRL;1\n"})
    bad = packed(tmp_path / "b.zip", {"a.csv": STOCK + "TRL;1\n", "b.csv": "sku;quantity\n3;1\nTRL;2\n"})

    assert len(read(good, trailer="TRL;{rows}")[0]) == 3
    assert "its trailer counts 1 rows, but it holds 2" in refusal(bad, trailer="TRL;{rows}")


def test_of_many_nfe_the_bad_one_is_refused_by_itself(tmp_path):
    files = {"a.xml": NFE, "b.xml": NFE.replace("<cStat>100", "<cStat>101"), "c.xml": NFE}
    rows, bad, _ = read(packed(tmp_path / "nfe.zip", files), feed="invoices")

    assert {row[0] for row in rows} == {1, 3}
    assert len(bad) == 1
    assert bad[0][0] == 2
    assert "not authorised" in bad[0][1]


def test_a_file_that_cannot_be_read_refuses_the_archive_by_name(tmp_path):
    path = packed(tmp_path / "s.zip", {"a.csv": STOCK, "b.csv": "no;header\n1;2\n"})

    assert refusal(path).startswith("s.zip: b.csv in it: line 1 is no header")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "holds no file"),
        ({"a.csv": STOCK, "b.csv": STOCK}, "none matches 'stock*'"),
        ({"stock.csv": STOCK, "stockx.csv": "quantity;sku\n1;2\n"}, "has other columns than stock.csv"),
        ({"in.csv.gz": gzip.compress(STOCK.encode())}, "is an archive itself"),
    ],
)
def test_what_is_ambiguous_is_refused(tmp_path, files, why):
    assert why in refusal(packed(tmp_path / "s.zip", files), pattern="stock*")


def test_an_archive_in_an_archive_is_refused(tmp_path):
    inner = packed(tmp_path / "inner", {"s.csv": STOCK})
    outer = packed(tmp_path / "outer.zip", {"s.csv": inner.read_bytes()})
    in_gzip = tmp_path / "s.zip.gz"
    in_gzip.write_bytes(gzip.compress(inner.read_bytes()))

    assert "is an archive itself" in refusal(outer)
    assert "is an archive itself" in refusal(in_gzip)


def test_an_encrypted_file_is_refused_with_the_remedy(tmp_path):
    path = packed(tmp_path / "s.zip", {"s.csv": STOCK})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)

    assert "s.csv is encrypted (pack it without a password)" in refusal(path)


def test_an_unusual_method_is_refused(tmp_path):
    assert "unusual method" in refusal(packed(tmp_path / "s.zip", {"s.csv": STOCK}, zipfile.ZIP_LZMA))


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "C:\\evil.csv", "..\\evil.csv", "a\x00b.csv", "é\x1b[31m.csv"])
def test_names_are_never_paths(tmp_path, name):
    box = tmp_path / "deep" / "er"
    box.mkdir(parents=True)
    path = packed(box / "s.zip", {"x" * len(name): STOCK})
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode("latin-1")))

    rows, _, notes = read(path)

    assert len(rows) == 2
    assert all(note.isprintable() for note in notes)
    assert {found.name for found in tmp_path.rglob("*.csv")} == set()


def test_a_bomb_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("s.csv", "w", force_zip64=True) as entry:
        for _ in range(64):
            entry.write(b"0" * (1 << 20))
    tracemalloc.start()
    said = refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "more than 200 times its size" in said
    assert peak < 8 << 20


def test_a_bomb_in_gzip_is_refused(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as packing:
        for _ in range(64):
            packing.write(b"0" * (1 << 20))

    assert "more than 200 times its size" in refusal(path)


def test_what_is_too_large_is_refused_whatever_it_says_of_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_UNPACKED", 1 << 20)
    path = packed(tmp_path / "s.zip", {"a.csv": STOCK + "x" * 700_000, "b.csv": STOCK + "x" * 700_000}, zipfile.ZIP_STORED)

    assert "unpacks to more than" in refusal(path)


def test_too_many_entries_are_refused_before_their_list_is_read(tmp_path):
    path = packed(tmp_path / "s.zip", {f"{n}.csv": "" for n in range(archives.MOST_ENTRIES + 1)})

    assert "more than 5000 entries" in refusal(path)


@pytest.mark.parametrize("way", range(6))
def test_damaged_archives_are_refused_in_a_sentence(tmp_path, way):
    whole = packed(tmp_path / "w", {"s.csv": STOCK * 50}).read_bytes()
    zipped = gzip.compress(STOCK.encode() * 50)
    ways = [
        ("s.zip", whole[: len(whole) // 2]),
        ("s.zip", whole[:45] + b"\xff\xfe\x00" + whole[48:]),
        ("s.zip", b"PK\x03\x04" + bytes(200)),
        ("s.gz", zipped[: len(zipped) - 5]),
        ("s.gz", zipped[:14] + b"\xff\xff" + zipped[16:]),
        ("s.gz", b"\x1f\x8b" + bytes(20)),
    ]
    name, data = ways[way]
    (tmp_path / name).write_bytes(data)

    assert refusal(tmp_path / name).startswith(f"{name}: ")


def test_every_cut_and_every_flipped_byte_ends_in_a_refusal_or_in_the_right_rows(tmp_path):
    whole = packed(tmp_path / "w", {"s.csv": STOCK}).read_bytes()
    expected = read(packed(tmp_path / "s.zip", {"s.csv": STOCK}))[0]
    for at in range(len(whole)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            (tmp_path / "s.zip").write_bytes(data)
            try:
                rows = read(tmp_path / "s.zip")[0]
            except FileRefused:
                continue
            assert rows == expected


def test_an_old_end_of_central_directory_with_a_comment_is_found(tmp_path):
    path = tmp_path / "s.zip"
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        archive.comment = b"exportado " * 100
        archive.writestr("s.csv", STOCK)
    path.write_bytes(box.getvalue())

    assert struct.calcsize("<4s4H2LH") == 22
    assert len(read(path)[0]) == 2
