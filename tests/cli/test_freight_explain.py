"""`connector freight explain`, the real command over files that a real pass imported: it says what a simulation answers, and why."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import Project, begun

from connector import app as app_module
from connector.usecases import offers
from connector.vtex.simulation import read, write

PRODUCTS = """sku;product_id;product_name;brand;category;height;width;length;weight;active
A;P;Camiseta;Marca;Roupas;10;20;30;1,5;1
OFF;P;Camiseta;Marca;Roupas;10;20;30;1,5;0
FREE;P;Camiseta;Marca;Roupas;10;20;30;1,5;1
GONE;P;Camiseta;Marca;Roupas;10;20;30;1,5;1
"""
PRICES = "sku;price\nA;100,00\nOFF;100,00\nGONE;100,00\n"
STOCK = "sku;quantity\nA;5\nOFF;5\nFREE;5\nGONE;0\n"
HEADER = (
    "ZipCodeStart;ZipCodeEnd;PolygonName;WeightStart;WeightEnd;AbsoluteMoneyCost;"
    "PricePercent;PriceByExtraWeight;MaxVolume;TimeCost;Country;MinimumValueInsurance\n"
)
NORMAL = HEADER + "01000000;19999999;;0;2000;14,90;1;0,001;200000;3.00:00:00;BRA;0,50\n01000000;19999999;;2001;9000;24,90;0;0;0;3;BRA;0\n"
EXPRESS = HEADER + "20000000;28999999;;0;30000;59,90;0;0;0;1.00:00:00;BRA;0\n"
SHIPPING = "".join(
    f'\n[[shipping.slas]]\nid = "{name}"\nname = "Entrega {name}"\ntable = "freight/{name}*.csv"\n'
    for name in ("normal", "express", "drone")
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    project = begun(tmp_path_factory.mktemp("imported") / "shop")
    files = {"products/p.csv": PRODUCTS, "prices/p.csv": PRICES, "stock/s.csv": STOCK}
    for name, text in (files | {"freight/normal.csv": NORMAL, "freight/express.csv": EXPRESS}).items():
        path = project.root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    project.config.write_text(project.config.read_text() + SHIPPING)
    done = project.call("run", "refresh-snapshot")
    assert done.returncode == 0, done.stderr
    return project.root


@pytest.fixture
def shop(imported, tmp_path):
    return Project(Path(shutil.copytree(imported, tmp_path / "shop")))


def explain(shop, *more, sku="A", code="01310-100"):
    return shop.call("freight", "explain", "--sku", sku, "--postal-code", code, *more)


def told(shop, *more, **which):
    done = explain(shop, *more, "--json", **which)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def services(found):
    return {service["id"]: service for service in found["services"]}


def test_a_person_reads_row_price_in_parts_estimate_and_why_not(shop):
    said = explain(shop).stdout

    assert "1 of 1 × SKU A to 01310-100 (BRA), marketplace loja, sales channel 1" in said
    assert "normal (Entrega normal), table freight/normal*.csv: offered at 1740 cents, 3bd" in said
    assert "freight/normal.csv line 2: 01000000–19999999, 0–2000 g, up to 200000 cm³; the only row that takes it" in said
    assert "1490 cost + 100 insurance + 150 extra weight = 1740 cents" in said
    assert "express (Entrega express), table freight/express*.csv: not offered: no row for postal code 01310100" in said
    assert "nearest: freight/express.csv line 2: 20000000–28999999" in said
    assert "not offered: no file that was applied matches freight/drone*.csv; applied are freight/express.csv, freight/normal.csv" in said


def test_a_machine_reads_the_same_in_one_document(shop):
    found = told(shop, "--quantity", "2")
    normal = services(found)["normal"]

    assert found["parcel"] == {"weight_g": 3000, "volume_cm3": 12000.0, "goods_cents": 20000}
    assert (normal["row"]["file"], normal["row"]["line"], normal["price_cents"]) == ("freight/normal.csv", 3, 2490)
    assert normal["parts"] == {"cost_cents": 2490, "insurance_cents": 0, "extra_weight_cents": 0}


@pytest.mark.parametrize("quantity", [1, 2, 5, 9])
@pytest.mark.parametrize("code", ["01310-100", "22051030", "99999999"])
def test_what_is_explained_is_what_a_simulation_answers(shop, quantity, code):
    app = app_module.load(shop.config)
    cart = read({"items": [{"id": "A", "quantity": quantity, "seller": "1"}], "postalCode": code, "country": "BRA"}, "BRA")
    answered = write(cart, offers.simulate(app, cart, "loja", "1"))["logisticsInfo"][0]
    app.db.close()
    found = told(shop, "--quantity", quantity, code=code)
    offered = [(s["id"], s["price_cents"], s["estimate"]) for s in found["services"] if s["offered"]]

    assert offered == [(way["id"], way["price"], way["shippingEstimate"]) for way in answered["slas"]]
    assert found["sent"] == answered["quantity"]


def test_a_weight_that_no_row_holds_is_told_with_the_row_that_comes_nearest(shop):
    assert services(told(shop, "--quantity", "4"))["normal"]["offered"]
    (shop.root / "inbox/products/later.csv").write_text(
        PRODUCTS.replace("A;P;Camiseta;Marca;Roupas;10;20;30;1,5", "A;P;C;M;R;10;20;30;9,5")
    )
    assert shop.call("run", "refresh-snapshot").returncode == 0
    normal = services(told(shop))["normal"]

    assert (normal["offered"], normal["reason"]) == (False, "no row for 9500 g")
    assert [row["line"] for row in normal["nearest"]] == [3]


@pytest.mark.parametrize(
    ("sku", "reason"),
    [
        ("OFF", "the SKU is not active"),
        ("FREE", "the SKU has no price now in marketplace loja, sales channel 1"),
        ("GONE", "nothing of the SKU is left in stock"),
    ],
)
def test_a_sku_of_which_nothing_is_sent_says_so_for_every_service(shop, sku, reason):
    found = told(shop, sku=sku)

    assert (found["sent"], found["parcel"]) == (0, None)
    assert {service["reason"] for service in found["services"]} == {reason}


@pytest.mark.parametrize(
    ("more", "which", "status", "said"),
    [
        ([], {"sku": "nothing"}, 1, "the snapshot holds no SKU nothing"),
        ([], {"code": "--"}, 2, "it is no postal code"),
        (["--marketplace", "lojinha"], {}, 2, "no marketplace is called 'lojinha': name one of them (--marketplace loja)"),
        (["--quantity", "0"], {}, 2, "--quantity"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_a_sentence(shop, more, which, status, said):
    done = explain(shop, *more, **which)

    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_another_country_is_answered_for_that_country(shop):
    found = told(shop, "--country", "arg")

    assert found["country"] == "ARG"
    assert services(found)["normal"]["reason"] == "no row for country ARG"


def test_without_services_the_settings_are_named(shop):
    shop.config.write_text(shop.config.read_text().replace(SHIPPING, ""))

    assert "add a [[shipping.slas]] section" in explain(shop).stdout


def test_windows_are_told_in_the_hours_that_the_settings_name(shop):
    windows = '\n[[shipping.slas.windows]]\nweekdays = ["mon", "tue", "wed", "thu", "fri"]\nstart = "08:00"\nend = "12:00"\n'
    shop.config.write_text(shop.config.read_text().replace('table = "freight/normal*.csv"\n', 'table = "freight/normal*.csv"\n' + windows))
    said = explain(shop).stdout

    assert " 08:00 to 12:00 (America/Sao_Paulo), 0 cents more" in said


def test_a_question_without_a_place_says_how_to_name_one(shop):
    done = shop.call("freight", "explain", "--sku", "A")

    assert done.returncode == 2
    assert "--postal-code" in done.stderr
    assert "--coordinates" in done.stderr
