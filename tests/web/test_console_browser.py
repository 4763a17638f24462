"""The console in a real browser: logging in, acting, living without reloading, on a phone, by keyboard, and with nothing from elsewhere."""

import contextlib
import re

import console_world
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from servers import chromium_program, missing
from sqlalchemy import update
from web_world import Project, free_port, section, start, stop

from connector.app import load
from connector.storage import acts, tables
from connector.usecases import acting

PASSWORD = '[console]\npassword = "env:TEST_CONSOLE_PASSWORD"\n'
PAGES = ("", "orders", "order?id=CT-7002", "skus", "sku?sku=000105", "files", "file?id=1", "held", "hold?id=2")
MORE = ("refused", "letters", "jobs", "marketplaces", "acts?act=1", "find?q=CT-70", "nothing")
CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.getClientRects().length || one.closest(".hidden, .skip")) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`);
  }
  for (const one of document.querySelectorAll("[placeholder]")) {
    const [a, b] = [light(rgb(getComputedStyle(one, "::placeholder").color)), light(ground(one))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`placeholder: ${one.placeholder}`);
  }
  return poor;
}"""


class Shop:
    """A real server over a busy day, and the database beside it."""

    def __init__(self, root):
        port = free_port()
        console_world.busy(root, section(port, 1, 8) + PASSWORD).db.close()
        self.app = load(root / "config" / "connector.toml")
        self.running = start(Project(root), port)
        self.address = f"http://127.0.0.1:{port}/console/"

    def kept(self):
        with self.app.db.read() as tx:
            return acts.page(tx, None, 50)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_CONSOLE_PASSWORD", "senha boa")
        made = Shop(tmp_path_factory.mktemp("browser") / "shop")
        yield made
        stop(made.running)
        made.app.db.close()


@pytest.fixture(scope="module")
def chromium():
    program = chromium_program()
    if program is None:
        missing("chromium is not there: install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser: Browser, shop, **how):
    """Yield a logged-in page; whatever the browser complains of fails the test."""
    context = browser.new_context(**{"locale": "en-US", "base_url": shop.address, **how})
    page, said = context.new_page(), []
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(shop.address) else said.append(request.url))
    context.request.post("login", form={"name": "Ana", "password": "senha boa"}, headers={"Origin": shop.address.removesuffix("/console/")})
    yield page
    context.close()

    assert [line for line in said if not re.search(r"status of (404|503)", line)] == []


def test_a_person_logs_in_by_name_and_what_she_does_is_kept(chromium, shop):
    context = chromium.new_context(locale="en-US", base_url=shop.address)
    page = context.new_page()
    page.goto("")
    page.get_by_label("Your name").fill("Ana Lúcia")
    page.get_by_label("Password").fill("senha boa")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Marketplaces", exact=True).first.click()
    page.locator("summary", has_text="Pause").first.click()
    page.get_by_role("button", name=re.compile("Yes, do it")).first.click()
    expect(page.get_by_role("status").filter(has_text="pause a marketplace")).to_contain_text("done")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()

    assert [(act.who, act.what, act.about) for act in shop.kept()[:1]] == [("Ana Lúcia", "pause-marketplace", "lojademo")]


def test_what_changes_is_shown_without_reloading(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("jobs")
        page.evaluate("window.stayed = true")
        page.get_by_role("button", name="Run now Housekeeping").click()
        expect(page.locator("#outcome")).to_contain_text("asked for")
        page.evaluate("window.stayed = true")
        for one in acting.taken(shop.app):
            acting.ended(shop.app, one, "swept")
        expect(page.locator("#outcome")).to_contain_text("swept", timeout=12_000)

        assert page.evaluate("window.stayed")


def test_an_open_question_and_the_focus_survive_what_is_put_in_anew(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("jobs")
        page.locator("summary", has_text="Pause").first.click()
        yes = page.get_by_role("button", name=re.compile("Yes, do it")).first
        yes.focus()
        with shop.app.db.write() as tx:
            tx.execute(update(tables.job_runs).values(report={"done": ["all is new"], "failures": [], "counts": {}}))
        expect(page.locator("#jobs")).to_contain_text("all is new", timeout=12_000)

        expect(yes).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_a_phone_and_can_be_read(chromium, shop, theme):
    with visiting(chromium, shop, viewport={"width": 360, "height": 740}, color_scheme=theme, locale="pt-BR") as page:
        for name in (*PAGES, *MORE):
            page.goto(name)

            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
            assert page.evaluate(CONTRAST) == [], name


def test_the_keyboard_goes_from_the_skip_link_to_the_content(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("orders")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")

        expect(page.locator("#q")).to_be_focused()
        assert page.locator("main").get_attribute("tabindex") == "-1"


def test_the_switches_change_language_and_colours_in_place(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("orders?state=placed")
        page.get_by_role("button", name="Español").click()
        expect(page).to_have_url(re.compile(r"orders\?state=placed$"))
        expect(page.locator("html")).to_have_attribute("lang", "es")
        page.get_by_role("button", name="Oscuro").click()

        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 27)"


def test_a_server_that_is_gone_is_told_and_comes_back(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("acts")
        page.route("**/acts", lambda route: route.fulfill(status=503, body=""))
        expect(page.locator("#live")).to_contain_text("No answer from the server", timeout=12_000)
        page.unroute("**/acts")
        expect(page.locator("#live")).to_contain_text("Up to date", timeout=25_000)


def test_a_hidden_tab_asks_nothing(chromium, shop):
    with visiting(chromium, shop) as page:
        page.goto("acts")
        asked = []
        page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true}); document.dispatchEvent(new Event('visibilitychange'))")
        page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
        page.wait_for_timeout(6500)  # longer than it waits between two looks

        assert asked == []


def test_hostile_text_runs_nothing(chromium, shop):
    evil = "<img src=x onerror='document.title=\"owned\"'><script>document.title='owned'</script>"
    with shop.app.db.write() as tx:
        tx.execute(update(tables.acts).values(outcome=evil, who=evil[:60]))
    with visiting(chromium, shop) as page:
        page.goto("acts")
        titles = page.title()

        assert "owned" not in titles
        assert evil[:30] in page.locator("main").inner_text()
