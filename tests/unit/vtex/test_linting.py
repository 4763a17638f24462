"""What is said of a product before it is suggested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.delivery import suggesting
from connector.domain.catalog import Image, Product
from connector.formats.translating import phrases
from connector.sandbox.refusals import suggestion_problem
from connector.settings import MarketplaceSettings
from connector.vtex.linting import examine, in_words, refusals
from connector.vtex.suggestions import suggestion_body

SHOP = MarketplaceSettings(account="shop", seller_id="acme", base_url="https://shop.example", app_key="env:K", app_token="env:T")
SHOWN = Image("Principal", "https://img.example/1.jpg")
HIDDEN = Image("Principal", "http://img.example/1.jpg")


def product(**changes):
    fields = {
        "sku": "567",
        "product_id": "321",
        "product_name": "Coffee",
        "sku_name": "Coffee 500 g",
        "description": "",
        "brand": "Marca",
        "category": "Casa/Cozinha",
        "ean": "7891000000014",
        "ref_id": "REF567",
        "height_cm": 10.0,
        "width_cm": 20.5,
        "length_cm": 30.0,
        "weight_g": 1500,
        "measurement_unit": "un",
        "unit_multiplier": 1.0,
        "images": (SHOWN,),
        "product_specs": {},
        "sku_specs": {},
        "active": True,
    }
    return Product(**(fields | changes))


def refused(**changes):
    return [finding.field for finding in refusals(examine(product(**changes)))]


def doubted(**changes):
    return [finding.field for finding in examine(product(**changes)) if not finding.refuses]


def test_of_a_good_product_nothing_is_said():
    assert examine(product()) == ()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"product_name": " "}, ["product_name"]),
        ({"product_name": "x" * 151}, ["product_name"]),
        ({"brand": ""}, ["brand"]),
        ({"category": ""}, ["category"]),
        ({"category": " / "}, ["category"]),
        ({"ean": "", "ref_id": " "}, ["ean, ref_id"]),
        ({"height_cm": 0.0}, ["height"]),
        ({"width_cm": 0.0, "length_cm": 0.0}, ["length", "width"]),
        ({"weight_g": 0}, ["weight"]),
        ({"images": ()}, ["images"]),
        ({"images": (HIDDEN,)}, ["images"]),
        ({"brand": "", "images": ()}, ["brand", "images"]),
    ],
)
def test_what_vtex_would_refuse_is_named_by_field(changes, fields):
    assert refused(**changes) == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"ean": "7891000000012"}, ["ean"]),
        ({"ean": "EAN123"}, ["ean"]),
        ({"ean": "78910000000141"}, ["ean"]),
        ({"product_name": "x" * 101}, ["product_name"]),
        ({"product_name": "Coffee & Milk"}, ["product_name"]),
        ({"sku_name": "1.5 L"}, ["sku_name"]),
        ({"category": "Casa//Cozinha"}, ["category"]),
        ({"images": (HIDDEN, SHOWN)}, ["images"]),
    ],
)
def test_what_vtex_takes_and_does_badly_with_is_a_doubt_that_withholds_nothing(changes, fields):
    assert doubted(**changes) == fields
    assert refused(**changes) == []


@pytest.mark.parametrize("code", ["", "7891000000014", "96385074", "036000291452", "10012345678902"])
def test_a_good_or_missing_ean_is_no_doubt(code):
    assert doubted(ean=code) == []


def test_findings_are_told_in_one_line_with_each_remedy_once():
    what, remedy = in_words(refusals(examine(product(images=(HIDDEN,), ean="", ref_id=""))))

    assert what == (
        "ean, ref_id: both are empty; VTEX demands one of them (code 10); images: none is over https: http://img.example/1.jpg (code 11)"
    )
    assert remedy == "give the SKU an EAN or a reference id; publish the images under https addresses"


TEXT = st.sampled_from(["", " ", "x", "Casa/Cozinha", "x" * 151])
SIZE = st.sampled_from([0.0, 0.5, 20.0])


@given(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("product_name", "brand", "category", "ean", "ref_id"), TEXT),
            **dict.fromkeys(("height_cm", "width_cm", "length_cm"), SIZE),
            "weight_g": st.sampled_from([0, 500]),
            "images": st.lists(st.sampled_from([SHOWN, HIDDEN])).map(tuple),
        }
    )
)
def test_what_passes_is_taken_by_a_marketplace_that_checks(changes):
    """The sandbox refuses by VTEX's codes, and shares no code with the linter."""
    candidate = product(**changes)

    if not refusals(examine(candidate)):
        assert suggestion_problem(suggestion_body(SHOP, candidate, 100, 1)) is None


FAULTY = (
    {"product_name": "", "brand": "", "category": "", "ean": "", "ref_id": "", "images": ()}
    | dict.fromkeys(("height_cm", "width_cm", "length_cm"), 0.0)
    | {"weight_g": 0},
    {"product_name": "A" * 151, "category": "Casa//Cozinha", "ean": "12", "images": (HIDDEN,)},
    {"product_name": "A-" * 55, "ean": "7891000000015", "images": (SHOWN, HIDDEN)},
)


@pytest.mark.parametrize("language", ["pt", "es"])
@pytest.mark.parametrize("changes", FAULTY, ids=["empty", "long", "odd"])
def test_each_finding_and_its_remedy_is_said_in_portuguese_and_spanish(changes, language):
    findings = examine(product(**changes))
    said = phrases(f"console.{language}")

    assert len(findings) >= 3
    assert [text for one in findings for text in (str(one), one.remedy) if said.known(text) in (None, text)] == []
    assert said.known(in_words(findings)[0]) is not None


@pytest.mark.parametrize("language", ["pt", "es"])
def test_what_became_of_a_suggestion_is_said_in_portuguese_and_spanish(language):
    said = phrases(f"console.{language}")

    assert [
        text for text in (suggesting.UNSOLD, suggesting.SELL_IT, *suggesting.DENIED, suggesting.REFUSED_REMEDY) if said.said(text) == text
    ] == []
