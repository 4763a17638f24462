"""A person who has the console alone, reads pages, follows their links and presses their buttons; the daemon does what she asks for."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from threading import Event
from urllib.parse import urlencode, urljoin, urlsplit

from falcon.testing import TestClient

from connector import app as building
from connector import daemon
from connector.usecases import acting
from connector.web.app import create_app

ROOT = "/console/"


@dataclass
class Form:
    """One form: where it goes, what it sends, and what its button says (with what is told to a screen reader alone)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class Page(HTMLParser):
    """A page as a person meets it: its text, links by their words, and forms."""

    def __init__(self, address, html):
        super().__init__()
        self.address, self.links, self.forms, self.words = address, [], [], []
        self._link, self._button, self._skip = None, False, 0
        self.feed(html)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "form":
            self.forms.append(Form(found["action"], found.get("method", "get")))
        elif tag == "input" and "name" in found and self.forms:
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "button":
            self._button = True
        elif tag == "a":
            self._link = [found["href"], ""]
        self._skip += tag in ("style", "script")

    def handle_endtag(self, tag):
        if tag == "a" and self._link:
            self.links.append((" ".join(self._link[1].split()), self._link[0]))
            self._link = None
        self._button = self._button and tag != "button"
        self._skip -= tag in ("style", "script")

    def handle_data(self, data):
        if self._skip:
            return
        self.words.append(data)
        if self._link:
            self._link[1] += data
        if self._button and self.forms:
            self.forms[-1].button = " ".join(f"{self.forms[-1].button} {data}".split())


class Person:
    """Sits at the console of a shop in trouble; what she asks for, the daemon does before she looks again."""

    def __init__(self, shop):
        self.app = building.load(shop.config)
        self.client = TestClient(create_app(self.app), headers={"Host": "127.0.0.1", "Accept-Language": "en"})
        self.opens("")

    def opens(self, address):
        place, _, query = address.partition("?")
        return self._shown(self.client.simulate_get(urljoin(ROOT, place), query_string=query), address)

    def follows(self, words):
        """Follow the first link that says so (or leads so, where it is the name of a thing)."""
        (href, *_) = [href for said, href in self.page.links if words in said]
        return self.opens(urljoin(self.page.address, href))

    def finds(self, text):
        """Type into the box at the top."""
        return self.opens(f"find?{urlencode({'q': text})}")

    def presses(self, words):
        """Press the first button that says so, and look at what came of it once the daemon has done it."""
        form = next(form for form in self.page.forms if words in form.button)
        assert form.method == "post", words
        sent = urlencode(form.fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1"}
        answer = self.client.simulate_post(urljoin(ROOT, form.action), body=sent, headers=headers)
        self._daemon()
        return self._shown(answer, self.page.address)

    def _shown(self, answer, address):
        if answer.status_code == 303:
            return self.opens(urlsplit(urljoin(address, answer.headers["location"])).geturl() or "")
        assert answer.status_code == 200, answer.text
        self.page = Page(address, answer.text)
        return self.page.text

    def _daemon(self):
        for asked in acting.taken(self.app):
            daemon.do_asked(self.app, asked, Event())

    def leaves(self):
        self.app.db.close()
