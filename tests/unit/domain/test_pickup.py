"""Pickup points: to whom one is offered, by postal code and by coordinates in either order."""

import pytest

from connector.domain.freight import Destination, postal_key
from connector.domain.pickup import Address, PickupMap, PickupPoint, km

CAMPINAS, SANTOS = (-22.9056, -47.0608), (-23.9608, -46.3336)


def point(name, position=None, *, reach=(), reach_km=0.0):
    address = Address("BRA", "13010-000", "SP", "Campinas", "Centro", "Rua", "1", "", position)
    return PickupPoint(name, name, "", address, tuple((postal_key(a), postal_key(b)) for a, b in reach), reach_km, 0, 86_400, "bd")


POINTS = PickupMap(
    [
        point("campinas", CAMPINAS, reach=[("13000000", "13139999"), ("13200000", "13200999")], reach_km=30),
        point("santos", SANTOS, reach_km=30),
        point("estado", reach=[("01000000", "19999999")]),
    ]
)


def reached(code="", coordinates=(), country="BRA"):
    return [POINTS.points[n].id for n in POINTS.reaching(Destination(country, postal_key(code), coordinates))]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("13000-000", ["campinas", "estado"]),
        ("13139999", ["campinas", "estado"]),
        ("13140000", ["estado"]),
        ("13200500", ["campinas", "estado"]),
        ("22051030", []),
        ("", []),
    ],
)
def test_a_point_is_offered_within_its_ranges_of_postal_codes(code, expected):
    assert reached(code) == expected


def test_a_range_is_of_the_points_country():
    assert reached("13000000", country="ARG") == []


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    ("place", "expected"),
    [((-22.91, -47.07), ["campinas"]), ((-23.95, -46.34), ["santos"]), ((-23.55, -46.63), []), ((-22.97, -43.18), [])],
)
def test_coordinates_are_read_in_either_order(place, expected, flip):
    assert reached(coordinates=place[::-1] if flip else place) == expected


@pytest.mark.parametrize("pair", [(-22.91,), (), (200.0, 300.0), (95.0, 95.0), (1e308, -1e308)])
def test_a_pair_that_is_no_place_is_no_place(pair):
    assert reached(coordinates=pair) == []


def test_postal_code_and_coordinates_add_up_and_each_point_comes_once():
    assert reached("13000000", (-47.06, -22.90)) == ["campinas", "estado"]


def test_distances_are_those_of_the_earth():
    assert km(CAMPINAS, SANTOS) == pytest.approx(138.5, abs=1.0)
    assert km(CAMPINAS, CAMPINAS) == 0
    assert km((0, 0), (0, 180)) == pytest.approx(20015, abs=1)


def test_points_without_a_place_never_ask_where_somebody_is():
    assert PickupMap([point("estado", reach=[("01000000", "19999999")])]).reaching(Destination("BRA", "", (-22.9, -47.0))) == []
