"""The file campaign's short form. `make campaign PART=file-fuzz ARGS="--times 100000"` is the long one."""

import random
import time

import pytest
from campaigns import file_fuzz
from campaigns.file_bases import bases
from campaigns.file_oracle import Said, unsaid
from cases import SEED, cases


def test_spoiled_files_end_in_rows_or_a_sentence_and_say_nothing_that_their_lines_do_not(capfd):
    figures = file_fuzz.main(cases(3000), SEED)

    assert figures.faults == [], figures
    assert all(figures.files[kind] for kind in file_fuzz.KINDS)
    assert all(figures.ends[end] for end in ("rows", "refused rows", "refused files", "passed"))
    assert capfd.readouterr().out == "", "libraries print nothing where a command's answer stands"


def test_the_same_seed_spoils_the_same_files():
    kinds = bases()
    one, same, other = ([file_fuzz.spoiled(random.Random(seed), kinds, 1) for _ in range(2)] for seed in (1, 1, 3))

    assert one == same != other


@pytest.mark.parametrize(("rows", "wrong"), [([(2, ("00123", 1990))], []), ([(2, ("123x", 17)), (3, ("9", 1990))], ["123x", 17, 1990])])
def test_the_oracle_sees_a_value_that_its_line_does_not_say(rows, wrong):
    said = Said(b"sku;price\n00123;19,90\n9;5\n")

    assert [value for _, _, value in unsaid(said, ("sku", "price_cents"), rows)] == wrong


def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_file_that_takes_too_long_is_seen():
    with pytest.raises(file_fuzz.OverTime), file_fuzz.deadline(0.05):
        busy(5)
