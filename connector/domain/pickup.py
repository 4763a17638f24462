"""Pickup points: where a buyer fetches what was bought, and whom a point is offered to. Money in cents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from connector.domain.freight import Destination, EstimateUnit
from connector.domain.ranges import Ranges
from connector.domain.working_days import Handling

EARTH_KM = 6371.0
MAX_LATITUDE = 90
MAX_LONGITUDE = 180
Position = tuple[float, float]
"""Latitude and longitude, in degrees."""


@dataclass(frozen=True, slots=True)
class Address:
    country: str
    postal_code: str
    state: str
    city: str
    neighborhood: str
    street: str
    number: str
    complement: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class PickupPoint:
    """A point, whom it is offered to (`reach`: ranges of postal keys; `reach_km` around it), at what price, and when goods are there."""

    id: str
    name: str
    additional_info: str
    address: Address
    reach: tuple[tuple[str, str], ...]
    reach_km: float
    price_cents: int
    ready_in_seconds: int
    unit: EstimateUnit
    handling: Handling | None = None


class PickupMap:
    """All points of a seller; look-ups by postal code bisect."""

    def __init__(self, points: Sequence[PickupPoint]) -> None:
        self.points = tuple(points)
        ranges: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for n, point in enumerate(self.points):
            ranges[point.address.country] += [(start, end, n) for start, end in point.reach]
        self._by_country = {country: Ranges(found) for country, found in ranges.items()}

    def reaching(self, destination: Destination) -> list[int]:
        """Return the numbers of the points that are offered there, in their order: by postal code, or near enough."""
        ranges = self._by_country.get(destination.country)
        found = set(ranges.at(destination.postal_code)) if ranges and destination.postal_code else set()
        place = self.position(destination)
        if place is not None:
            found |= {n for n, point in enumerate(self.points) if is_near(point, place)}
        return sorted(found)

    def position(self, destination: Destination) -> Position | None:
        """Read a pair of coordinates, of which some send the longitude first and some the latitude (facts 3.1).

        The reading that lies nearer to one of our points is meant: the other is in another part of the world.
        """
        ours = [point.address.position for point in self.points if point.address.position]
        readings = _readings(destination.coordinates)
        return min(readings, key=lambda place: min(km(place, one) for one in ours), default=None) if ours else None


def _readings(pair: tuple[float, ...]) -> list[Position]:
    """Return what a pair can mean, the longitude first as in most carts."""
    if len(pair) < 2:  # noqa: PLR2004  # a pair
        return []
    first, second = pair[:2]
    return [(a, b) for a, b in ((second, first), (first, second)) if abs(a) <= MAX_LATITUDE and abs(b) <= MAX_LONGITUDE]


def is_near(point: PickupPoint, place: Position) -> bool:
    return point.address.position is not None and km(point.address.position, place) <= point.reach_km


def km(one: Position, other: Position) -> float:
    """Return the distance as the crow flies (haversine)."""
    south, west, north, east = map(radians, (*one, *other))
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, chord)))
