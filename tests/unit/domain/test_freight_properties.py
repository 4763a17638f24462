"""Freight for any table, any calendar and any cart. FREIGHT_EXAMPLES=20000 tries that many of each; by default a few."""

import json
import math
import os
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.catalog import Offer
from connector.domain.freight import SECONDS, Destination, NoQuote, Parcel, Rate, RateTable, postal_key, quote, weighed
from connector.domain.freight_explained import explain
from connector.domain.pickup import Address, PickupMap, PickupPoint
from connector.domain.simulation import simulate
from connector.domain.ways import Service, Sla, plain, prepare
from connector.domain.ways_offered import parcel, ways_offered
from connector.domain.windows import WindowRule
from connector.domain.working_days import Calendar, Handling, Promise, departure
from connector.vtex.simulation import read, write

EXAMPLES = int(os.environ.get("FREIGHT_EXAMPLES", "100"))
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
CENTS = st.one_of(st.integers(0, 20_000), st.integers(0, 10**15))
GRAMS = st.one_of(st.integers(0, 5000), st.integers(0, 10**12))
CODES = st.sampled_from(["0", "01000000", "05999999", "13000000", "22051030", "99999999", "C1425", "1"])
SHARES = st.one_of(st.just(Decimal(0)), st.decimals(0, 100, places=4), st.decimals(0, 10**9, places=6))
TIMES = st.one_of(st.integers(0, 30 * 86_400), st.integers(0, 10**12))


@st.composite
def rates(draw):
    lightest, heaviest = sorted((draw(GRAMS), draw(GRAMS)))
    return Rate(
        file=draw(st.sampled_from("ab")),
        line=draw(st.integers(2, 70_000)),
        zip_start=draw(CODES),
        zip_end=draw(CODES),
        polygon=draw(st.sampled_from(["", "Centro"])),
        weight_start_g=lightest,
        weight_end_g=heaviest,
        cost_cents=draw(CENTS),
        percent=draw(SHARES),
        extra_per_gram=draw(SHARES),
        max_volume_cm3=draw(st.sampled_from([0, 0, 1, 1000, 10**12])),
        time_cost_seconds=draw(TIMES),
        country=draw(st.sampled_from(["", "BRA", "bra", "ARG"])),
        minimum_insurance_cents=draw(CENTS),
    )


EVERYWHERE = st.builds(lambda rate: replace(rate, zip_start="0", zip_end="99999999", weight_start_g=0, weight_end_g=10**15), rates())
TABLES = st.lists(st.one_of(rates(), EVERYWHERE), max_size=6).map(lambda found: RateTable(found, "BRA"))
SIZES = st.one_of(st.floats(0, 300), st.floats(0, 1e9))
OFFERS = st.builds(
    Offer,
    sku=st.sampled_from("ABCDE"),
    price_cents=st.integers(1, 10**12),
    list_price_cents=st.integers(0, 10**12),
    valid_until=st.none(),
    stock=st.integers(0, 10**6),
    weight_g=GRAMS,
    height_cm=SIZES,
    width_cm=SIZES,
    length_cm=SIZES,
    measurement_unit=st.just("un"),
    unit_multiplier=st.sampled_from([0.0, 0.3, 1.0, 2.5, 300.0]),
)
LOADS = st.lists(st.tuples(OFFERS, st.integers(0, 10**6)), max_size=6)
DESTINATIONS = st.one_of(
    st.builds(lambda code, country: Destination(country, postal_key(code)), CODES, st.sampled_from(["BRA", "ARG", "URY"])),
    st.builds(lambda a, b: Destination("BRA", "", (a, b)), *[st.floats(-1e6, 1e6) | st.floats(-48, -22)] * 2),
)
UNITS = st.sampled_from(["d", "bd", "h", "m"])
SPLITS = st.sampled_from(["item", "cart"])
CARTS = st.tuples(LOADS, DESTINATIONS, SPLITS)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
INSTANTS = st.integers(0, 20 * 366 * 86_400).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=n))
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from([ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York"), ZoneInfo("UTC")]),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    closed=st.frozensets(st.dates(date(2020, 1, 1), date(2040, 12, 31)), max_size=9),
    opens=CLOCKS,
)
HANDLINGS = st.builds(
    Handling, cut_off=st.none() | CLOCKS, days=st.integers(0, 20), seconds=st.integers(0, 10**6), counts_business_days=st.booleans()
)
RULES = st.builds(
    lambda days, start, hours, cents: WindowRule(days, time(start), time(min(start + hours, 23), 59), cents),
    st.frozensets(st.integers(0, 6)),
    st.integers(0, 22),
    st.integers(1, 8),
    st.integers(0, 5000),
)
SERVICES = st.builds(
    Service,
    cubic_factor=st.sampled_from([0.0, 0.0, 166.667, 300.0, 10_000.0]),
    handling=st.none() | HANDLINGS,
    windows=st.one_of(st.just(()), st.lists(RULES, max_size=2).map(tuple)),
    window_days=st.integers(0, 10),
)
ADDRESS = Address("BRA", "13010-000", "SP", "Campinas", "Centro", "Rua", "1", "", (-22.9, -47.06))
POINTS = st.lists(
    st.builds(
        lambda n, cents, seconds, unit, handling: PickupPoint(
            f"p{n}", "P", "", ADDRESS, ((postal_key("01000000"), postal_key("19999999")),), 500.0, cents, seconds, unit, handling
        ),
        st.integers(0, 9),
        st.integers(0, 5000),
        TIMES,
        UNITS,
        st.none() | HANDLINGS,
    ),
    max_size=2,
    unique_by=lambda point: point.id,
).map(PickupMap)


@st.composite
def shops(draw):
    """Make ways of delivery anew from the same parts, as two processes would: a function of the instant."""
    tables = draw(st.lists(st.tuples(TABLES, UNITS, SERVICES), max_size=3))
    points, calendar = draw(POINTS), draw(CALENDARS)
    slas = [Sla(f"s{n}", "S", unit, table) for n, (table, unit, _) in enumerate(tables)]
    return lambda now: prepare(slas, [service for *_, service in tables], points, calendar, now)


def by_content(loads, found):
    return sorted((offer.sku, quantity, repr(offer), repr(ways)) for (offer, quantity), ways in zip(loads, found, strict=True))


@many
@given(TABLES, LOADS, DESTINATIONS, SERVICES)
def test_the_parts_of_a_carts_freight_add_up_to_the_cent(table, loads, destination, service):
    ways = plain([Sla("S", "S", "bd", table)])
    ways = replace(ways, ways=(replace(ways.ways[0], service=Service(service.cubic_factor)),))
    sent = [parcel(*load) for load in loads if load[1] > 0]
    paid = [way.price_cents for found in ways_offered(loads, ways, destination, "cart", NOW) for way in found]
    whole = Parcel(sum(p.weight_g for p in sent), math.fsum(p.volume_cm3 for p in sent), sum(p.goods_cents for p in sent))
    billed = weighed(whole, service.cubic_factor)
    found = quote(table.zone(destination), billed)

    if not sent or isinstance(found, NoQuote):
        assert paid == []
        return
    assert (len(paid), sum(paid)) == (len(sent), found.price_cents)
    assert min(paid) >= 0
    explained = explain(table, destination, billed)
    assert sum(asdict(explained.parts).values()) == found.price_cents


@many
@given(shops(), LOADS, DESTINATIONS, INSTANTS)
def test_what_a_whole_cart_pays_for_pickup_and_windows_is_exact(shop, loads, destination, now):
    ways = shop(now)
    found = [way for ways_of in ways_offered(loads, ways, destination, "cart", now) for way in ways_of]
    for point in ways.pickups.points:
        parts = [way.price_cents for way in found if way.pickup == point]
        assert sum(parts) == (point.price_cents if parts else 0)
    prices = {way.sla.id: {(w.start, w.end): w.price_cents for w in way.windows} for way in ways.ways}
    for sla, windows in prices.items():
        lines = [way.windows for way in found if way.id == sla]
        sent = sum(quantity > 0 for _, quantity in loads)
        for at, window in enumerate(lines[0] if len(lines) == sent and sent else ()):
            assert sum(line[at].price_cents for line in lines) == windows[window.start, window.end]
            assert {(line[at].start, line[at].end) for line in lines} == {(window.start, window.end)}


@many
@given(shops(), CARTS, INSTANTS, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(shop, cart, now, chance):
    loads, destination, split = cart
    shuffled = chance.sample(loads, len(loads))
    ways = shop(now)

    there = ways_offered(loads, ways, destination, split, now)
    back = ways_offered(shuffled, ways, destination, split, now)

    assert by_content(loads, there) == by_content(shuffled, back)


@many
@given(shops(), CARTS, INSTANTS, st.floats(0, 1, exclude_max=True))
def test_the_same_cart_gets_the_same_answer_all_through_a_stretch_of_the_day(shop, cart, now, later):
    loads, destination, split = cart
    first = shop(now)
    then = now + later * (min(first.until, now + timedelta(days=400)) - now)
    again = shop(then)
    before, after = ways_offered(loads, first, destination, split, now), ways_offered(loads, again, destination, split, then)

    assert repr(before) == repr(ways_offered(loads, shop(now), destination, split, now))
    assert (again.since, again.until) == (first.since, first.until)
    for ways, others in zip(before, after, strict=True):
        kept = {way.id: way for way in others}
        assert kept.keys() <= {way.id for way in ways}
        for way in ways:
            if not way.windows:
                assert kept[way.id] == way
            elif way.id in kept:  # as time goes by windows begin, and are not offered any more: nothing else changes
                assert set(kept[way.id].windows) <= set(way.windows)
                assert replace(kept[way.id], windows=()) == replace(way, windows=())


@many
@given(shops(), CARTS, INSTANTS, st.lists(st.tuples(st.sampled_from("ABCDEX"), st.integers(-1, 10**9)), max_size=6))
def test_no_table_and_no_cart_raises_anything(shop, cart, now, asked):
    loads, destination, split = cart
    document = {
        "items": [{"id": sku, "quantity": quantity} for sku, quantity in asked],
        "postalCode": destination.postal_code or None,
        "country": destination.country,
        "geoCoordinates": list(destination.coordinates),
    }
    request = read(document, "BRA")
    answer = write(request, simulate(request, {o.sku: o for o, _ in loads}, shop(now), split=split, home="BRA", now=now))

    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    for row in answer["logisticsInfo"]:
        assert all(sla["price"] >= 0 for sla in row["slas"])
        assert len({sla["id"] for sla in row["slas"]}) == len(row["slas"])


@many
@given(UNITS, CALENDARS, HANDLINGS, TIMES, INSTANTS)
def test_an_estimate_is_never_earlier_than_the_table_says(unit, calendar, handling, seconds, now):
    leaves = departure(calendar, handling, now)
    promise = Promise(unit, handling, leaves)
    number = int(promise.estimate(seconds).removesuffix(unit))
    ready_at = promise.ready_at(seconds, now)

    assert number * SECONDS[unit] >= seconds + handling.seconds
    assert leaves.since <= now < leaves.until
    assert leaves.today <= leaves.day
    assert calendar.is_open(leaves.day)
    if ready_at is None:
        return
    assert ready_at >= now
    if unit in ("h", "m"):  # reckoned from the order, the promise is never before the goods can be there
        assert now + timedelta(seconds=number * SECONDS[unit]) >= ready_at
    if unit == "d":
        assert leaves.today + timedelta(days=number) >= ready_at.astimezone(calendar.zone).date()
    if unit == "bd":
        assert marketplaces_day(leaves.today, number) >= ready_at.astimezone(calendar.zone).date()


def marketplaces_day(day, business_days):
    """The day that the marketplace shows: it counts Mondays to Fridays."""
    while business_days:
        day += timedelta(days=1)
        business_days -= day.weekday() < 5
    return day
