"""Two versions of a file: the differences found are differences, and all of them."""

from collections import Counter
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.formats import differing, side_by_side
from connector.formats.differing import TooDifferent, differences
from connector.formats.reordered import MOST_APART, differences_in_any_order


def lines_of(content):
    return content.removesuffix(b"\n").split(b"\n") if content else []


def found(old, new, **how):
    return list(differences(BytesIO(old), BytesIO(new), **how))


def exact(old, new, differing_lines):
    """Say whether the lines removed and added make the new file's lines of the old one's, and each stands where it is said to."""
    left = Counter(lines_of(old))
    for one in differing_lines:
        left.subtract(one.removed)
        left.update(one.added)
    stand = lines_of(new)
    return +left == Counter(stand) and -left == Counter() and all([stand[n - 1] for n in d.numbers] == d.added for d in differing_lines)


def export(count, changes=None):
    rows = {n: f"{n:06};Produto {n};{n % 97},90;UN" for n in range(count)} | (changes or {})
    return "\n".join(["sku;nome;preco;un", *(row for row in rows.values() if row is not None)]).encode() + b"\n"


def test_files_that_are_the_same_differ_in_nothing():
    assert found(export(5000), export(5000)) == []


def test_a_changed_line_is_named_with_its_number():
    one = found(export(5000), export(5000, {3210: "003210;Produto 3210;1,00;UN"}))

    assert [([*d.numbers], d.added) for d in one] == [([3212], [b"003210;Produto 3210;1,00;UN"])]


@pytest.mark.parametrize("changes", [{0: None}, {4999: None}, {1234: None, 1235: None}, {7000: "7;neu;1;UN"}, dict.fromkeys(range(99))])
def test_lines_that_come_and_go_shift_the_others_without_a_difference(changes):
    old, new = export(5000), export(5000, changes)

    assert exact(old, new, found(old, new))
    assert sum(len(d.removed) + len(d.added) for d in found(old, new)) == len(changes)


def test_a_last_line_without_its_end_is_the_same_line():
    assert found(b"a\nb\n", b"a\nb") == found(b"a\nb", b"a\nb\n") == []


def test_an_emptied_file_lost_all_its_lines():
    assert exact(export(3000), b"", found(export(3000), b""))
    assert exact(b"", export(3000), found(b"", export(3000)))


def test_a_file_in_another_order_is_too_different():
    old = export(5000)
    header, *rows = lines_of(old)

    with pytest.raises(TooDifferent):
        found(old, b"\n".join([header, *reversed(rows)]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'h\n1;"a\nb;c";2\n3\n', b'h\n1;"a\nb;d";2\n3\n'),  # inside the field
        (b'h\n1;"a\nb;c";2\n3\n', b'h\n1;"x\nb;c";2\n3\n'),  # where it opens
        (b'h\n1;x\n2\n3;x\n4;"a\nb;c";2\n5\n', b'h\n1;y\n2\n3;y\n4;"a\nb;d";2\n5\n'),  # soon after others
    ],
)
def test_a_difference_in_a_quoted_field_that_spans_lines_is_not_trusted(old, new):
    with pytest.raises(TooDifferent):
        found(old, new)
    assert exact(old, new, found(old, new, quotes=False))


def test_a_field_that_is_quoted_no_longer_is_found_whole():
    assert [d.added for d in found(b'h\n1;"a\nb;c";2\n3\n', b"h\n1;a\nb;c;2\n3\n")] == [[b"1;a", b"b;c;2"]]


def test_a_difference_after_a_quoted_field_is():
    assert [d.added for d in found(b'h\n1;"a\nb"\n2;x\n', b'h\n1;"a\nb"\n2;y\n')] == [[b"2;y"]]


lines = st.lists(
    st.sampled_from([b"", b"a", b"b", b"a;b", b"a\r", b'"', b"c" * 40]) | st.binary(max_size=3).map(lambda b: b.replace(b"\n", b""))
)
ends = st.sampled_from([b"", b"\n"])


@st.composite
def edited(draw):
    """A file, and the same with stretches of it taken out, put in, replaced or moved."""
    old = draw(lines.map(lambda some: some * 3))
    new = list(old)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(new)))
        stop = min(len(new), start + draw(st.integers(0, 5)))
        cut = new[start:stop]
        new[start:stop] = draw(lines)
        new[(at := draw(st.integers(0, len(new)))) : at] = cut if draw(st.booleans()) else []
    return b"\n".join(old) + draw(ends), b"\n".join(new) + draw(ends)


@pytest.mark.parametrize("run", [2, 4, side_by_side.RUN])
@pytest.mark.parametrize("window", [8, 64, differing.WINDOW])
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=edited())
def test_whatever_changes_the_differences_are_exact_or_refused(monkeypatch, window, run, files):
    with monkeypatch.context() as patched:
        patched.setattr(differing, "WINDOW", window)
        patched.setattr(side_by_side, "RUN", run)
        try:
            assert exact(*files, found(*files, quotes=False))
        except TooDifferent:
            assert window < 1000, "all lines are within reach"


@settings(max_examples=500, deadline=None)
@given(files=edited())
def test_no_difference_begins_where_a_quoted_field_is_open(files):
    try:
        differing_lines = found(*files)
    except TooDifferent:
        return
    stand = lines_of(files[1])
    for one in differing_lines:
        begins = set(one.numbers) - {number + 1 for number in one.numbers}
        assert not any(b"".join(stand[: number - 1]).count(b'"') % 2 for number in begins)


@pytest.mark.parametrize("every", [2, 3, 10, 31])
def test_many_changed_lines_are_each_named_and_nothing_else_is(every):
    changes = {n: f"{n:06};Produto {n};1,00;UN" for n in range(0, 20_000, every)}
    old, new = export(20_000), export(20_000, {**changes, 7_777: None, 12_345: '012345;"Quadro 20""";9,90;UN'})

    differing_lines = found(old, new)

    assert exact(old, new, differing_lines)
    assert len({n for d in differing_lines for n in d.numbers}) == len({*changes, 12_345} - {7_777})


@settings(max_examples=300, deadline=None)
@given(files=edited())
def test_whatever_order_lines_stand_in_the_differences_are_exact_or_refused(files):
    old, new = files
    try:
        differing_lines = list(differences_in_any_order(BytesIO(old), BytesIO(new), quotes=False))
    except TooDifferent:
        was, now = lines_of(old), set(lines_of(new))
        assert len(set(was)) < len(was) or len(now ^ set(was)) > MOST_APART * (len(was) + len(now))
    else:
        assert exact(old, new, differing_lines)


def test_lines_in_another_order_differ_in_nothing_but_what_changed():
    header, *rows = lines_of(export(5000, {3210: "003210;Produto 3210;1,00;UN"}))
    new = b"\n".join([header, *reversed(rows)])
    one = list(differences_in_any_order(BytesIO(export(5000)), BytesIO(new)))

    assert [([*d.numbers], d.added, d.removed) for d in one] == [
        ([1791], [b"003210;Produto 3210;1,00;UN"], []),
        ([], [], [b"003210;Produto 3210;9,90;UN"]),
    ]


def test_a_quotation_mark_that_is_open_is_not_trusted_in_another_order():
    with pytest.raises(TooDifferent):
        list(differences_in_any_order(BytesIO(b"h\n1;a\n2;b\n"), BytesIO(b'h\n2;b\n1;"a\n')))
