"""Whatever stands in a cart, beside lines that are sound: what holds of every answer (facts 3). $FUZZ_CASES says how many carts."""

import json
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from availability_world import IN_STOCK, made
from cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from published import JUDGE

from connector.vtex.schemas import SCHEMAS

SIMULATION = "/pvt/orderForms/simulation"
NOT_FOR_SALE = {"inactive", "unpriced", "free", "expired"}
FOR_SALE = sorted(IN_STOCK.keys() - NOT_FOR_SALE)
PRICES = {("first", "2"): 2000, ("second", "1"): 3000, ("second", "2"): 4000}
MANY = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))

# ── carts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
TEXT = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["", " ", "\0", "\ud800", "𝟙", "٣", "1e9", "é\r\nX: y", "x" * 300])
NUMBERS = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def any_case(name):
    return st.sampled_from([name, name.upper(), name.capitalize()])


def spelt(draw, fields):
    """Write an object's names in any case, among others."""
    known = {name.lower() for name in fields}
    others = {name: value for name, value in draw(st.dictionaries(TEXT, JSON, max_size=2)).items() if name.lower() not in known}
    return others | {draw(any_case(name)): value for name, value in fields.items()}


@st.composite
def sound_lines(draw):
    """A line that must be read: its SKU, its quantity and its seller, each written as VTEX or an older client may."""
    quantity = draw(st.integers(1, 5) | st.integers(1, 10**40))
    written = draw(st.sampled_from([quantity, str(quantity), f" {quantity} "]) if quantity > 2**53 else spellings(quantity))
    seller = draw(st.text(max_size=5) | st.none() | st.integers(0, 99))
    return spelt(draw, {"id": draw(st.sampled_from([*IN_STOCK, "unknown"])), "quantity": written, "seller": seller})


def spellings(quantity):
    return st.sampled_from([quantity, float(quantity), str(quantity), f"{quantity}.0", f"+{quantity}", f"00{quantity}"])


@st.composite
def broken_lines(draw):
    """A line that cannot be read: no object, no id, or no quantity that is one."""
    ids = st.none() | st.booleans() | st.just("") | st.lists(st.integers(), max_size=1) | st.sampled_from(["a\0", "\ud800"])
    quantities = (
        st.none() | st.booleans() | st.integers(max_value=0) | st.sampled_from(["", "two", "-1", "1.5", 1.5, "0", [], {}, "1e3", "٣"])
    )
    one = draw(st.sampled_from(["no object", "id", "quantity"]))
    if one == "no object":
        return draw(JSON.filter(lambda value: not isinstance(value, dict)))
    fields = {"id": draw(ids), "quantity": 1} if one == "id" else {"id": draw(st.sampled_from(FOR_SALE)), "quantity": draw(quantities)}
    return spelt(draw, fields)


LINES = st.lists(st.tuples(st.just(True), sound_lines()) | st.tuples(st.just(False), broken_lines()), max_size=8)
ADDRESS = {
    "country": st.sampled_from(["BRA", "bra", None, "ARG"]) | JSON,
    "postalCode": st.sampled_from(["22051030", "22051-030", 22051030, None, "69900000"]) | JSON,
    "geoCoordinates": st.sampled_from([[], [-43.1, -22.9], ["-22,9", "-43,1"], None]) | JSON,
    "marketingData": JSON,
    "clientProfileData": JSON,
    "selectedSla": JSON,
}


@st.composite
def carts(draw):
    """A document, and which of its lines must be read."""
    lines = draw(LINES)
    rest = {name: draw(values) for name, values in ADDRESS.items() if draw(st.booleans())}
    document = spelt(draw, rest | {"items": [line for _, line in lines]})
    return document, [is_sound for is_sound, _ in lines]


QUERIES = st.tuples(st.sampled_from(["first", "SECOND", "nobody", ""]), st.sampled_from(["1", "2", "7", ""]))


# ── what holds ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return made(tmp_path_factory.mktemp("carts") / "project", '[api]\ndefault_account = "first"\n').client()


@pytest.fixture(scope="module")
def valid():
    """Validate an answer by our own description, and by VTEX's where it is at hand."""
    ours = Draft202012Validator({"$ref": "#/components/schemas/Simulation", "components": {"schemas": SCHEMAS}})

    def validate(answer):
        ours.validate(answer)
        assert JUDGE is None or JUDGE.answer_problems("simulation", answer) == []

    return validate


@MANY
@given(carts(), QUERIES)
def test_every_cart_is_answered_truly(client, valid, cart, asking):
    (document, are_sound), (account, channel) = cart, asking
    query = f"an={account}&sc={channel}"
    body = json.dumps(document).encode()
    posted = client.simulate_post(SIMULATION, body=body, query_string=query)

    assert posted.status_code == 200, posted.text
    answer = posted.json
    valid(answer)
    lines = lines_of(document)
    check_lines(answer, lines, are_sound)
    check_stock(answer, lines)
    check_prices(answer, account, channel)
    check_said_again(client, posted, body, query)


def lines_of(document):
    return next(value for name, value in document.items() if name.lower() == "items")


def field(line, name):
    return line.get(name, next((value for key, value in line.items() if key.lower() == name), None))


def check_lines(answer, lines, are_sound):
    """No sound line is lost, no broken one appears, and each answer stands for the line that its index names."""
    indexes = [item["requestIndex"] for item in answer["items"]]
    expected = [i for i, line in enumerate(lines) if are_sound[i] and field(line, "id") in FOR_SALE]

    assert indexes == [row["itemIndex"] for row in answer["logisticsInfo"]] == expected
    assert [item["id"] for item in answer["items"]] == [field(lines[i], "id") for i in indexes]
    assert [item["seller"] for item in answer["items"]] == [seller_of(lines[i]) for i in indexes]


def seller_of(line):
    seller = field(line, "seller")
    if isinstance(seller, str):
        return "" if "\0" in seller or any("\ud800" <= c <= "\udfff" for c in seller) else seller
    return "" if seller is None else str(seller)


def check_stock(answer, lines):
    """What is promised is there, all lines of a SKU together; 0 is said only where nothing is left (KI 1316990)."""
    promised = Counter()
    for item, row in zip(answer["items"], answer["logisticsInfo"], strict=True):
        wanted = int(float(field(lines[item["requestIndex"]], "quantity")))
        left = IN_STOCK[item["id"]] - promised[item["id"]]
        promised[item["id"]] += item["quantity"]

        assert item["quantity"] == row["quantity"] == min(wanted, left)
        assert row["stockBalance"] == left
        assert {channel["stockBalance"] for channel in row["deliveryChannels"]} <= {left}
        assert not row["slas"] or item["quantity"] > 0


def check_prices(answer, account, channel):
    """The price is the one of this channel of this marketplace, and the list price never below it."""
    asking = (account.lower() if account.lower() in ("first", "second") else "first", channel or "1")
    of_channel = PRICES.get(asking, 3000 if asking[0] == "second" else 1000)
    for item in answer["items"]:
        assert item["price"] == (of_channel if item["id"] == "channels" else 1000)
        assert item["listPrice"] >= item["price"]
        assert item["priceValidUntil"] is None or datetime.fromisoformat(item["priceValidUntil"]) > datetime.now(UTC)


def check_said_again(client, posted, body, query):
    """The same question has the same answer, by GET too, as far as an address can hold it."""
    assert client.simulate_post(SIMULATION, body=body, query_string=query).content == posted.content
    address = f"purchaseContext={quote(body)}&{query}"
    got = client.simulate_get(SIMULATION, query_string=address)

    assert got.content == posted.content if len(address) <= 8192 else got.status_code == 414


@MANY
@given(JSON)
def test_a_document_without_a_list_of_items_is_the_only_one_that_is_refused(client, document):
    answer = client.simulate_post(SIMULATION, body=json.dumps(document).encode())
    has_items = isinstance(document, dict) and any(name.lower() == "items" and isinstance(value, list) for name, value in document.items())

    assert answer.status_code == (200 if has_items else 400)
