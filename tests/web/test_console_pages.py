"""The console's pages over a busy day: all that they show, what they do, and that nothing of others acts on them."""

import json
import re
import shutil
from itertools import pairwise
from urllib.parse import urlencode

import console_world
import pytest
from falcon.testing import TestClient
from query_plans import plans_of
from sqlalchemy import insert, select, update

from connector.app import load
from connector.storage import acts, tables
from connector.usecases import acting
from connector.web.app import create_app
from connector.web.ops.curves import bars
from connector.web.shown import cut, shown

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1"}
PAGES = (
    "",
    "files",
    "files?feed=prices&state=held",
    "file?id=1",
    "file?id=4",
    "file?id=5",
    "held",
    "hold?id=1",
    "hold?id=2",
    "refused",
    "skus",
    "skus?q=0001",
    "skus?account=lojademo&state=withheld",
    "sku?sku=000105",
    "orders",
    "orders?state=invoiced",
    "orders?q=529.982.247-25",
    "order?id=CT-7002",
    "find?q=CT-70",
    "letters",
    "jobs",
    "marketplaces",
    "acts",
    "acts?act=1",
)
HOSTILE = "\"'><script>alert(1)</script>\u202eevil\0\x1b[31m{{7*7}}<img src=x onerror=alert(1)>" + "A" * 10_000


class Console:
    def __init__(self, app):
        self.app = app
        self.client = TestClient(create_app(self.app), headers={"Host": "127.0.0.1", "Accept-Language": "en"})

    def get(self, page, **headers):
        place, _, query = page.partition("?")
        return self.client.simulate_get(f"/console/{place}", query_string=query, headers=headers)

    def post(self, place, headers=FORM, **fields):
        return self.client.simulate_post(f"/console/{place}", body=urlencode(fields).encode(), headers=headers)

    def kept(self):
        with self.app.db.read() as tx:
            return acts.page(tx, None, 100)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One busy day for tests that change nothing."""
    made = Console(console_world.busy(tmp_path_factory.mktemp("console") / "shop"))
    yield made
    made.app.db.close()


@pytest.fixture
def console(shared, tmp_path):
    """The same day, for one test alone."""
    shared.app.db.checkpoint()
    shutil.copytree(shared.app.root, tmp_path / "shop")
    made = Console(load(tmp_path / "shop" / "config" / "connector.toml"))
    yield made
    made.app.db.close()


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_whole_in_every_language(shared, page):
    answers = {language: shared.get(page, **{"Accept-Language": language}) for language in ("pt", "es", "en")}

    assert {answer.status_code for answer in answers.values()} == {200}
    assert [re.search('<html lang="([^"]+)"', answer.text)[1] for answer in answers.values()] == ["pt-BR", "es", "en"]
    for answer in answers.values():
        ids = re.findall(r'\bid="([^"]+)"', answer.text)
        levels = [int(level) for level in re.findall(r"<h([1-6])", answer.text)]
        labelled = re.findall(r'\bfor="([^"]+)"', answer.text)

        assert len(ids) == len(set(ids))
        assert set(labelled) | set(re.findall(r'aria-labelledby="([^"]+)"', answer.text)) <= set(ids)
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert "<script>" not in answer.text
        assert " style=" not in answer.text
        assert 'href="#main"' in answer.text


@pytest.mark.parametrize(
    ("page", "status"), [("nothing", 404), ("file?id=999", 404), ("file?id=x", 404), ("order?id=%00", 404), ("sku?sku=none", 404)]
)
def test_what_is_not_there_is_a_page_that_says_so(shared, page, status):
    answer = shared.get(page)

    assert answer.status_code == status
    assert "Not found" in answer.text


@pytest.mark.parametrize(
    "query",
    [
        *("id=99999999999999999999", "before=~~", "before=2026-01-01T00:00:00%00", "after=-1", "act=x", "q=%ff%00%ed%a0%80", "&&&=&="),
        *("before=0001-01-01T00:00:00%2B23:59~x", "before=9999-12-31T23:59:59-23:59~x", "before=9999-12-31T23:59:59Z~x"),
    ],
)
@pytest.mark.parametrize("place", ["files", "file", "orders", "order", "skus", "sku", "find", "held", "letters", "acts"])
def test_odd_addresses_break_nothing(shared, place, query):
    assert shared.get(f"{place}?{query}").status_code in {200, 404}


def test_an_order_s_story_is_in_one_line_of_time_with_what_people_did(shared):
    text = shared.get("order?id=CT-7002").text
    steps = ["placed", "order file written", "authorized", "accepted by the ERP", "invoiced", "Em rota de entrega"]
    places = [text.index(step, text.index('<ol class="time">')) for step in steps]

    assert places == sorted(places)
    assert "write an order again" in text


def test_a_search_that_finds_one_thing_leads_there(shared):
    by_number, by_sku = shared.get("find?q=PV-88003"), shared.get("find?q=000150")

    assert (by_number.status_code, by_number.headers["location"]) == (303, "order?id=CT-7003")
    assert (by_sku.status_code, by_sku.headers["location"]) == (303, "sku?sku=000150")


def test_a_search_stands_in_no_section_and_a_list_of_all_says_so(shared):
    assert "aria-current" not in shared.get("find?q=CT-70").text
    assert '<option value="">' in shared.get("skus").text
    assert shared.get("skus?account=lojademo&state=").text.count("<tr>") > 20


def test_what_a_document_is_worth_is_written_as_the_language_does(shared):
    assert "4711, 150,80" in re.sub(r"<[^>]+>", "", shared.get("order?id=CT-7002", **{"Accept-Language": "pt"}).text)


def test_letters_of_one_cause_are_one_group_whatever_numbers_they_hold(shared):
    text = shared.get("letters").text

    assert text.count('class="cause"') == 3
    assert "4 × price → lojademo" in text


# ── what is a person's ──────────────────────────────────────────────────────────────────────────────────────────────────
PERSONAL = ("Maria", "Souza", "maria@ct.example", "52998224725", "11987654321", "Laranjeiras", "22240003")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_personal_is_shown_unasked(shared, page):
    text = shared.get(page).text

    assert [word for word in PERSONAL if word in text.replace("orders?q=529.982.247-25", "")] == []


def test_personal_data_is_shown_to_whom_asked_for_ten_minutes_and_asking_is_kept(console):
    moved = console.post("act", what="reveal-person", about="CT-7002", back="order?id=CT-7002").headers["location"]
    asked, unasked = console.get(moved), console.get("order?id=CT-7002")
    other = console.get(moved.replace("CT-7002", "CT-7003"))
    with console.app.db.write() as tx:
        tx.execute(update(tables.acts).where(tables.acts.c.what == "reveal-person").values(who="Rui"))
    of_another = console.get(moved)

    assert "Laranjeiras" in asked.text
    assert "***.982.247-**" in unasked.text
    assert not any("Laranjeiras" in answer.text for answer in (unasked, other, of_another))
    assert [(act.who, act.what, act.about) for act in console.kept()[:1]] == [("Rui", "reveal-person", "CT-7002")]


# ── what others wrote ───────────────────────────────────────────────────────────────────────────────────────────────────
def poison(app):
    """Write hostile text wherever the ERP, VTEX or a person can."""
    with app.db.write() as tx:
        for table, columns in (
            (tables.files, ("name", "place")),
            (tables.rejections, ("key", "column", "value", "reason")),
            (tables.outbox, ("reason",)),
            (tables.orders, ("marketplace_order_id", "erp_order_id", "receipt")),
            (tables.order_events, ("what", "detail")),
            (tables.products, ("product_name", "brand", "description")),
            (tables.listings, ("note", "word", "remedy")),
            (tables.marketplaces, ("blocked_reason",)),
            (tables.acts, ("who", "about", "outcome")),
        ):
            key = next(iter(table.primary_key))
            first = tx.execute(select(key).order_by(key)).scalars().all()
            for number in first if table is not tables.orders else first[3:4]:
                tx.execute(update(table).where(key == number).values(dict.fromkeys(columns, HOSTILE)))
        tx.execute(insert(tables.products), [console_world.product(HOSTILE[:60], HOSTILE)])
        tx.execute(update(tables.orders).values(flags=[HOSTILE], raw=json.dumps({"note": HOSTILE, "items": []}).encode()))


def test_hostile_text_is_text_on_every_page(console):
    poison(console.app)
    for page in PAGES:
        answer = console.get(page)

        assert answer.status_code == 200, page
        assert "<script>alert" not in answer.text, page
        assert "<img" not in answer.text, page
        assert "\0" not in answer.text, page
        assert "\u202e" not in answer.text, page
        assert "\x1b" not in answer.text, page
        assert len(answer.text) < 400_000, page


def test_invisible_letters_are_shown_as_signs_and_long_ones_are_cut():
    assert shown("a\0b\u202ec\ud800") == "a\u2400b\ufffdc?"
    assert cut("x" * 500) == "x" * 300 + "…"
    assert cut("e\u0301") == "\u00e9"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/x", "login\r\nX: y", "static/x", "act", "javascript:alert(1)", "\u00e9?"]
)
def test_a_form_leads_back_to_our_own_pages_only(console, back):
    answer = console.post("act", what="pause-job", about="housekeeping", back=back)
    look = console.post("look", theme="dark", back=back)

    assert answer.status_code == look.status_code == 303
    assert answer.headers["location"].startswith("./?act=")
    assert look.headers["location"] == "./"


# ── acting ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("what", "about", "state"),
    [
        ("pause-marketplace", "lojademo", "done"),
        ("resume-marketplace", "outramarca", "done"),
        ("pause-job", "export-orders", "done"),
        ("export-order", "CT-7001", "done"),
        ("resend-order", "CT-7002", "done"),
        ("replay-letter", "1", "done"),
        ("discard-letter", "2", "done"),
        ("replay-letters-like", "1", "done"),
        ("replay-all-letters", "", "done"),
        ("discard-refused", "1", "done"),
        ("export-order", "CT-0", "failed"),
        ("approve-hold", "1", "asked"),
        ("replay-file", "1", "asked"),
        ("retry-refused", "3", "asked"),
        ("run-job", "housekeeping", "asked"),
    ],
)
def test_an_act_is_kept_by_name_and_its_page_shows_what_it_came_to(console, what, about, state):
    answer = console.post("act", what=what, about=about, back="acts")
    page = console.get(answer.headers["location"])
    act = console.kept()[0]

    assert answer.status_code == 303
    assert (act.who, act.via, act.what, act.about, act.state) == ("local", "console", what, about, state)
    assert 'id="outcome"' in page.text


def test_replayed_letters_of_one_cause_wait_to_go_out_again(console):
    console.post("act", what="replay-letters-like", about="1", back="letters")
    with console.app.db.read() as tx:
        states = list(tx.execute(select(tables.outbox.c.kind, tables.outbox.c.state).where(tables.outbox.c.kind == "price")))

    assert states == [("price", "pending")] * 4


def test_getting_changes_nothing_and_forms_from_elsewhere_do_nothing(console):
    fields = {"what": "pause-job", "about": "housekeeping"}
    elsewhere = [{**FORM, "Origin": origin} for origin in ("https://evil.example", "null", "")]
    without = {name: value for name, value in FORM.items() if name != "Origin"}
    answers = [console.post("act", headers=headers, **fields).status_code for headers in [*elsewhere, without]]
    got = console.get(f"act?{urlencode(fields)}").status_code

    assert answers == [403] * 4
    assert got == 404
    assert all(act.what != "pause-job" for act in console.kept())


@pytest.mark.parametrize("what", ["", "drop", "__class__"])
def test_an_act_that_is_none_is_refused(console, what):
    assert console.post("act", what=what, about="x").status_code == 404


def test_what_the_daemon_does_for_a_person_ends_on_the_page(console):
    location = console.post("act", what="discard-hold", about="1", back="held").headers["location"]
    waiting = console.get(location).text
    for one in acting.taken(console.app):
        acting.perform(console.app, one)
    done = console.get(location).text

    assert "within a second or two" in waiting
    assert "the known value of" in done


# ── downloads ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_original_comes_as_an_attachment_to_its_bytes_and_is_kept(console):
    answer = console.post("download", what="download-file", about="1")

    assert answer.content == b"sku;price\n000103;69,90\n"
    assert answer.headers["content-disposition"] == "attachment; filename=\"prices-00.csv\"; filename*=UTF-8''prices-00.csv"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert [(act.what, act.about) for act in console.kept()[:1]] == [("download-file", "1")]


def test_errors_run_no_formula_in_a_spreadsheet(console):
    answer = console.post("download", what="download-errors", about="1", language="pt")
    lines = answer.content.decode("utf-8-sig").splitlines()

    assert lines == ["linha;coluna;valor;motivo", "10;price;12,3,4;não é um número", "11;price;'=HYPERLINK(1);não é um número"]


@pytest.mark.parametrize(
    ("what", "about"), [("download-file", "999"), ("download-file", "../1"), ("download-file", "2" * 30), ("login", "1")]
)
def test_what_cannot_be_downloaded_is_not_found(console, what, about):
    assert console.post("download", what=what, about=about).status_code == 404


def test_a_place_outside_the_project_is_never_downloaded(console, tmp_path):
    (tmp_path / "secret.csv").write_text("x")
    with console.app.db.write() as tx:
        tx.execute(update(tables.files).where(tables.files.c.id == 1).values(place="../secret.csv"))

    assert console.post("download", what="download-file", about="1").status_code == 404


# ── who ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
HEADER = '[console]\nuser_header = "X-Remote-User"\n[api]\ntrusted_proxies = ["{proxy}"]\n'


def test_a_trusted_proxy_names_who_acts_and_nobody_else_may(tmp_path):
    trusting = Console(console_world.busy(tmp_path / "a", HEADER.format(proxy="127.0.0.0/8")))
    wary = Console(console_world.busy(tmp_path / "b", HEADER.format(proxy="10.9.9.9/32")))
    named = {**FORM, "X-Remote-User": "Ana", "X-Forwarded-For": "10.0.0.1"}
    answers = [one.post("act", headers=named, what="pause-job", about="housekeeping").status_code for one in (trusting, wary)]

    assert answers == [303, 403]
    assert trusting.kept()[0].who == "Ana"


def test_the_switches_are_kept_in_cookies(console):
    language = console.post("look", language="es", back="orders?state=placed")
    nonsense = console.post("look", language="<b>", theme="x", back="")
    page = console.get("orders", Cookie="connector_language=es; connector_theme=dark")

    assert language.cookies["connector_language"].value == "es"
    assert language.headers["location"] == "orders?state=placed"
    assert not nonsense.cookies
    assert '<html lang="es" data-theme="dark">' in page.text


# ── reading by index ────────────────────────────────────────────────────────────────────────────────────────────────────
LARGE = (
    "products",
    "prices",
    "stock",
    "orders",
    "order_items",
    "order_events",
    "outbox",
    "listings",
    "rejections",
    "job_runs",
    "reservations",
    "documents",
)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_reads_a_whole_table(shared, page):
    shared.get(page)
    whole = [
        (step, statement)
        for statement, steps in plans_of(shared.app, lambda: shared.get(page))
        for step in steps
        if (match := re.match(r"SCAN (\w+)(?! USING)", step)) and match[1] in LARGE and "LIMIT" not in statement
    ]

    assert whole == []


def test_every_page_works_on_postgresql_too(tmp_path, postgresql_url):
    made = Console(console_world.busy(tmp_path / "shop", f'[database]\nurl = "{postgresql_url}"\n'))
    answers = {page: made.get(page).status_code for page in PAGES}
    found = made.get("find?q=CT-7003").headers["location"]
    done = [
        made.post("act", what=what, about=about).status_code
        for what, about in (("replay-letters-like", "1"), ("pause-job", "housekeeping"))
    ]
    asked = made.post("act", what="discard-hold", about="1").status_code
    taken = [one.what for one in acting.taken(made.app)]
    made.app.db.close()

    assert set(answers.values()) == {200}, answers
    assert found == "order?id=CT-7003"
    assert (done, asked, taken) == ([303, 303], 303, ["discard-hold"])


def test_bars_are_as_high_as_the_plot_and_small_ones_can_be_seen():
    drawn = bars((0, 1, 1000))

    assert [(bar.x, bar.height) for bar in drawn.bars] == [(0, 0), (10, 2), (20, 40)]
    assert bars(()).width == 10


def test_a_sku_is_found_by_its_whole_ean(console):
    with console.app.db.write() as tx:
        tx.execute(update(tables.products).where(tables.products.c.sku == "000105").values(ean="7890000000017"))
        plan = " ".join(row[-1] for row in tx.exec_driver_sql("EXPLAIN QUERY PLAN SELECT sku FROM products WHERE ean = '1' AND ean <> ''"))
    found = console.get("find?q=7890000000017")

    assert (found.status_code, found.headers["location"]) == (303, "sku?sku=000105")
    assert "000105" in console.get("skus?q=7890000000017").text
    assert "products_by_ean" in plan


def test_what_to_do_leads_to_the_page_that_does_it(console):
    order, sku = console.get("order?id=CT-7002").text, console.get("sku?sku=000105").text

    assert re.search(r'dead-letters show 3 <a href="letters">Given up</a>', order)
    assert re.search(r'held show 1 <a href="hold\?id=1">Held</a>', sku)


def test_the_backup_is_shown_among_the_jobs_and_is_not_asked_for_there(console):
    page = console.get("jobs").text
    card = page.partition('<small class="code">backup</small>')[2]

    assert "The daemon copies the database" in card
    assert "run-job" not in card
