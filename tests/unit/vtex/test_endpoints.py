import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.settings import MarketplaceSettings
from connector.vtex.endpoints import admitted, allowed_hosts, services_base

STORE = "https://shop.vtexcommercestable.com.br"
FALLBACK = STORE + "/api/oms"


def marketplace(**changes):
    keys = {"account": "shop", "seller_id": "acme", "base_url": STORE, "app_key": "env:K", "app_token": "env:T"}
    return MarketplaceSettings(**(keys | changes))


@pytest.mark.parametrize(
    ("named", "url", "query", "is_oms"),
    [
        (STORE + "/", STORE, "", False),
        (STORE, STORE, "", False),
        (STORE + ":443/services", STORE + "/services", "", False),
        ("https://SHOP.VTEXcommercestable.com.br/api/oms/", FALLBACK, "", True),
        (STORE + "/api/oms?an=shop", FALLBACK, "an=shop", True),
        ("https://api.vtex.com/shop/services", "https://api.vtex.com/shop/services", "", False),
        ("https://shop.myvtex.com/", "https://shop.myvtex.com", "", False),
    ],
)
def test_a_plain_address_of_a_host_in_the_settings_is_used(named, url, query, is_oms):
    base = services_base(marketplace(services_hosts=("shop.myvtex.com",)), named)

    assert (base.url, base.query, base.is_oms, base.flag) == (url, query, is_oms, "")


@pytest.mark.parametrize(
    "named",
    [
        "https://evil.test/",
        "https://other.vtexcommercestable.com.br/",
        "https://evil.test\\.vtexcommercestable.com.br/",
        "https://shop.vtexcommercestable.com.br@evil.test/",
        "https://evil.test#@shop.vtexcommercestable.com.br/",
        "https://evil.test%2f@shop.vtexcommercestable.com.br/",
        "https://shop.vtexcommercestable.com.br./",
        "https://shop.vtexcommercestable.com.br:8443/",
        "https://shop.vtexcommercestable.com.br:443:443/",
        "https://shop.vtexcommercestable.com.br\t/",
        "https://shop.vtexcommercestable.com.br\r\nHost: evil.test/",
        "https://shop.vtexcommercestable.com.br/%2e%2e/",
        "https://shop.vtexcommercestable.com.br/a/../b",
        "https://shop.vtexcommercestable.com.br//evil.test/",
        "https://shop.vtexcommercestable.com.br/?x=y#z",
        "https://shop.vtexcommercestable.com.brévil/",
        "https://ѕhop.vtexcommercestable.com.br/",
        "http://shop.vtexcommercestable.com.br/",
        "http://oms.vtexinternal.com.br/api/oms?an=shop",
        "ftp://shop.vtexcommercestable.com.br/",
        "//shop.vtexcommercestable.com.br/",
        "shop.vtexcommercestable.com.br",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://169.254.169.254/latest/meta-data",
        "https://" + "a" * 2000,
        STORE + "/" + "a" * 2000,
    ],
)
def test_any_other_address_is_flagged_and_order_management_is_used(named):
    base = services_base(marketplace(), named)

    assert (base.url, base.query, base.is_oms) == (FALLBACK, "", True)
    assert base.flag.startswith("the order names ")
    assert FALLBACK in base.flag
    assert "services_hosts" in base.flag
    assert base.flag.isprintable()


@pytest.mark.parametrize("named", ["", "  "])
def test_an_order_that_names_no_address_is_no_news(named):
    base = services_base(marketplace(), named)

    assert (base.url, base.flag) == (FALLBACK, "")


def test_loopback_is_used_without_tls_where_the_settings_name_it():
    m = marketplace(base_url="http://127.0.0.1:9000", suggestions_url="http://127.0.0.1:9000/shop")

    assert services_base(m, "http://127.0.0.1:9000/").url == "http://127.0.0.1:9000"
    assert services_base(m, "http://localhost:9000/").flag
    assert services_base(m, "http://127.0.0.2:9000/").flag
    assert services_base(marketplace(services_hosts=("::1",)), "http://[::1]:81/x/").url == "http://[::1]:81/x"


def test_the_hosts_that_may_be_spoken_to_are_those_of_the_settings():
    m = marketplace(services_hosts=("Shop.MyVtex.com",))

    assert allowed_hosts(m) == {"shop.vtexcommercestable.com.br", "api.vtex.com", "shop.myvtex.com"}


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        (STORE + "/api/x/%2F%20?an=shop", True),
        ("https://api.vtex.com/shop/suggestions/acme/1", True),
        ("https://evil.test/", False),
        (STORE + "@evil.test/", False),
        (STORE + "\\@evil.test/", False),
        ("http://shop.vtexcommercestable.com.br/", False),
        (STORE + ":8443/", False),
        (STORE + "/\n", False),
        ("", False),
    ],
)
def test_an_address_is_checked_once_more_before_it_is_sent_to(url, answer):
    assert (admitted(marketplace(), url) is not None) is answer


def test_a_port_that_the_settings_name_is_admitted():
    m = marketplace(base_url="https://shop.example:8443")

    assert admitted(m, "https://shop.example:8443/api/x")
    assert services_base(m, "https://shop.example:8443/s/").url == "https://shop.example:8443/s"


PIECES = [
    "https://",
    "http://",
    "shop.vtexcommercestable.com.br",
    "evil.test",
    "@",
    "\\",
    "/",
    ":",
    "443",
    "%2f",
    "#",
    "?",
    ".",
    "[",
    "]",
    " ",
    "\t",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_composition_leads_to_a_foreign_host(named):
    base = services_base(marketplace(), named)

    assert base.url.startswith(STORE)
    assert base.url[len(STORE) :][:1] in ("", "/")
    assert admitted(marketplace(), base.join("/pvt/orders/1/invoice"))
