"""Freight for any table, any calendar and any cart. $FUZZ_CASES says how many of each: 20000 were tried."""

import json
import math
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.catalog import Offer
from connector.domain.freight import SECONDS, Destination, NoQuote, Parcel, Rate, RateTable, postal_key, quote, weighed
from connector.domain.freight_explained import explain
from connector.domain.pickup import Address, PickupMap, PickupPoint
from connector.domain.simulation import simulate
from connector.domain.ways import Sla, SlaRules, plain, prepare
from connector.domain.ways_offered import parcel, ways_offered
from connector.domain.windows import WindowRule
from connector.domain.working_days import Calendar, Handling, Promise, departure
from connector.vtex.simulation import read, write

many = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
ZONES = [ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/New_York"), ZoneInfo("UTC")]
CODES = ("0", "01000000", "05999999", "13000000", "22051030", "99999999", "C1425", "1")
UNITS = ("d", "bd", "h", "m")


def drawn(make):
    """Draw whole things from one number each: many thousands of shops are tried, and numbers inside a row need no shrinking."""
    return st.integers(0, 2**48).map(lambda seed: make(Random(seed)))


def often(chance, common, rare):
    return chance.choice((0, chance.randrange(common), chance.randrange(common), chance.randrange(rare)))


def a_rate(chance):
    lightest, heaviest = sorted((often(chance, 5000, 10**12), often(chance, 5000, 10**12)))
    anywhere = chance.random() < 0.5
    return Rate(
        file=chance.choice("ab"),
        line=chance.randrange(2, 70_000),
        zip_start="0" if anywhere else chance.choice(CODES),
        zip_end="99999999" if anywhere else chance.choice(CODES),
        polygon=chance.choice(("", "Centro")),
        weight_start_g=0 if anywhere else lightest,
        weight_end_g=10**15 if anywhere else heaviest,
        cost_cents=often(chance, 20_000, 10**15),
        percent=Decimal(often(chance, 10**6, 10**15)) / 10**4,
        extra_per_gram=Decimal(often(chance, 10**6, 10**15)) / 10**6,
        max_volume_cm3=chance.choice((0, 0, 1, 1000, 10**12)),
        time_cost_seconds=a_time(chance),
        country=chance.choice(("", "BRA", "bra", "ARG")),
        minimum_insurance_cents=often(chance, 20_000, 10**15),
    )


def a_time(chance):
    return often(chance, 30 * 86_400, 10**12)


def an_offer(chance):
    return Offer(
        sku=chance.choice("ABCDE"),
        price_cents=1 + often(chance, 100_000, 10**12),
        list_price_cents=chance.randrange(10**12),
        valid_until=None,
        stock=chance.randrange(10**6),
        weight_g=chance.choice((500, 500, 500, often(chance, 5000, 10**12))),  # equal shares are what spare cents are about
        height_cm=chance.choice((0.0, 10.1, chance.random() * 300, chance.random() * 1e9)),
        width_cm=chance.choice((10.1, chance.random() * 300)),
        length_cm=chance.choice((10.1, chance.random() * 300)),
        measurement_unit="un",
        unit_multiplier=chance.choice((0.0, 0.3, 1.0, 2.5, 300.0)),
    )


def a_calendar(chance):
    days = [date(2020, 1, 1) + timedelta(days=chance.randrange(21 * 366)) for _ in range(9)]
    weekdays = frozenset(chance.sample(range(7), chance.randint(1, 7)))
    return Calendar(chance.choice(ZONES), weekdays, frozenset(days), a_clock(chance))


def a_clock(chance):
    return time(chance.randrange(24), chance.choice((0, 30)))


def a_handling(chance):
    cut_off = chance.choice((None, a_clock(chance)))
    return Handling(cut_off, chance.randrange(20), often(chance, 86_400, 10**6), counts_business_days=chance.random() < 0.5)


def a_service(chance):
    rules = []
    for _ in range(chance.choice((0, 0, 1, 2))):
        start = chance.randrange(23)
        weekdays = frozenset(chance.sample(range(7), chance.randint(0, 7)))
        rules.append(WindowRule(weekdays, time(start), time(chance.randint(start, 23), 59), chance.randrange(5000)))
    factor = chance.choice((0.0, 0.0, 166.667, 300.0, 10_000.0))
    return SlaRules(factor, chance.choice((None, a_handling(chance))), tuple(rules), chance.randrange(11))


ADDRESS = Address("BRA", "13010-000", "SP", "Campinas", "Centro", "Rua", "1", "", (-22.9, -47.06))
REACH = ((postal_key("01000000"), postal_key("19999999")),)


def a_point(chance):
    handling = chance.choice((None, a_handling(chance)))
    name = f"p{chance.randrange(10)}"
    return PickupPoint(name, "P", "", ADDRESS, REACH, 500.0, chance.randrange(5000), a_time(chance), chance.choice(UNITS), handling)


def a_destination(chance):
    if chance.random() < 0.8:
        return Destination(chance.choice(("BRA", "BRA", "BRA", "ARG", "URY")), postal_key(chance.choice(CODES)))
    return Destination("BRA", "", tuple(chance.choice((chance.uniform(-48, -22), chance.uniform(-1e6, 1e6))) for _ in range(2)))


TABLES = st.lists(drawn(a_rate), max_size=6).map(lambda found: RateTable(found, "BRA"))
LOADS = st.lists(st.tuples(drawn(an_offer), st.integers(0, 2) | st.integers(0, 10**6)), max_size=6)
DESTINATIONS = drawn(a_destination)
CARTS = st.tuples(LOADS, DESTINATIONS, st.sampled_from(["item", "cart"]))
INSTANTS = st.integers(0, 20 * 366 * 86_400).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=n))
SERVICES, CALENDARS = drawn(a_service), drawn(a_calendar)
POINTS = st.lists(drawn(a_point), max_size=2, unique_by=lambda point: point.id).map(PickupMap)


@st.composite
def shops(draw):
    """Make ways of delivery anew from the same parts, as two processes would: a function of the instant."""
    tables = draw(st.lists(st.tuples(TABLES, st.sampled_from(UNITS), SERVICES), max_size=3))
    points, calendar = draw(POINTS), draw(CALENDARS)
    slas = [Sla(f"s{n}", "S", unit, table) for n, (table, unit, _) in enumerate(tables)]
    return lambda now: prepare(slas, [service for *_, service in tables], points, calendar, now)


def by_content(loads, found):
    return sorted((offer.sku, quantity, repr(offer), repr(ways)) for (offer, quantity), ways in zip(loads, found, strict=True))


@many
@given(TABLES, LOADS, DESTINATIONS, SERVICES)
def test_the_parts_of_a_carts_freight_add_up_to_the_cent(table, loads, destination, service):
    ways = plain([Sla("S", "S", "bd", table)])
    ways = replace(ways, ways=(replace(ways.ways[0], rules=SlaRules(service.cubic_factor)),))
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
@given(st.permutations("ABCDE"), st.integers(1, 1000), st.integers(1, 3))
def test_spare_cents_stay_with_their_goods(order, cents, quantity):
    rate = Rate("a", 2, "0", "99999999", "", 0, 10**6, cents, Decimal(0), Decimal(0), 0, 0, "BRA", 0)
    ways = plain([Sla("S", "S", "bd", RateTable([rate], "BRA"))])

    def paid(skus):
        loads = [(Offer(sku, 1, 1, None, 9, 500, 1.0, 1.0, 1.0, "un", 1.0), quantity) for sku in skus]
        found = ways_offered(loads, ways, Destination("BRA", postal_key("22051030")), "cart", NOW)
        return {sku: way.price_cents for sku, (way,) in zip(skus, found, strict=True)}

    assert paid(order) == paid("ABCDE")
    assert sum(paid(order).values()) == cents


@many
@given(shops(), CARTS, INSTANTS, st.integers(0, 999))
def test_the_same_cart_gets_the_same_answer_all_through_a_stretch_of_the_day(shop, cart, now, later):
    loads, destination, split = cart
    first = shop(now)
    then = now + later * (min(first.until, now + timedelta(days=400)) - now) / 1000
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
                assert kept[way.id]._replace(windows=()) == way._replace(windows=())


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
@given(st.sampled_from(UNITS), CALENDARS, drawn(a_handling), drawn(a_time), INSTANTS)
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
