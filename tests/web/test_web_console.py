"""The operations page: who may see it, that nothing foreign acts on it, and that nothing personal is on it."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from sqlalchemy import insert
from web_world import order

from connector.storage import tables
from connector.web.sessions import HOURS, Sessions

PASSWORD = '[console]\npassword = "env:TEST_PASSWORD"\n'
PROXIED = {"X-Forwarded-For": "10.0.0.1", "Host": "ops.example"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def log_in(client, password="senha+boa", name="Ana", **headers):
    return client.simulate_post("/console/login", body=f"password={password}&name={name}".encode(), headers={**FORM, **headers})


def session(answer):
    name = next(name for name in answer.cookies if name.endswith("connector_session"))
    return {name: answer.cookies[name].value}


class Balance(HTMLParser):
    """Checks that every element that is opened is closed, and collects what is shown."""

    VOID = frozenset({"meta", "link", "input", "br", "rect", "path"})

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.tags = [], [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, _attrs):
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data.split()

    @property
    def text(self):
        return " ".join(self.words)


class TestWithoutPassword:
    def test_on_loopback_it_shows_how_things_stand(self, project):
        answer = project().client().simulate_get("/console/", headers={"Accept-Language": "en-US,en;q=0.9"})
        page = Balance(answer.text)

        assert answer.status_code == 200
        assert "The four ways" in page.text or "Catalogue" in page.text
        assert "products/full.csv" in page.text

    def test_through_a_proxy_it_is_off(self, project):
        answer = project().client().simulate_get("/console/", headers=PROXIED)

        assert answer.status_code == 403
        assert "no password" in answer.json["error"]["message"]

    def test_the_policy_allows_nothing_from_elsewhere(self, project):
        client = project().client()
        answer = client.simulate_get("/console/")
        style = re.search('href="([^"]+)"', answer.text)[1]

        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert client.simulate_get(f"/console/{style}").headers["content-type"].startswith("text/css")

    def test_without_its_last_slash_the_address_leads_there(self, project):
        answer = project().client().simulate_get("/api/console")

        assert (answer.status_code, answer.headers["location"]) == (301, "console/")

    def test_what_the_erp_and_vtex_wrote_is_text_and_nothing_personal_is_shown(self, project):
        made = project()
        app, client = made.app(), made.client()
        client.simulate_post("/pvt/orders", json=[order("a-01")])
        report = {"failures": ["<script>alert(1)</script> for CPF 529.982.247-25, maria@ct.example"], "done": [], "counts": {}}
        with app.db.write() as tx:
            run = {
                "job": "export-orders",
                "run_id": "1",
                "holder": "h",
                "started_at": app.now,
                "ended_at": app.now,
                "exit_status": 1,
                "report": report,
            }
            tx.execute(insert(tables.job_runs), [run])
        answer = client.simulate_get("/console/")
        page = Balance(answer.text)

        jobs = client.simulate_get("/console/jobs")

        assert "b" not in page.tags
        assert page.tags >= {"main", "nav", "header", "footer"}
        assert not any(word in answer.text + jobs.text for word in ("529.982", "52998224725", "Maria", "maria@ct", "<script>alert"))
        assert jobs.status_code == 200


@pytest.mark.usefixtures("secrets")
class TestWithPassword:
    @pytest.mark.parametrize("headers", [{}, PROXIED])
    def test_nothing_is_shown_before_the_login(self, project, headers):
        answer = project(PASSWORD).client().simulate_get("/console/", headers=headers)

        assert answer.status_code == 401
        assert 'type="password"' in answer.text
        assert "SKUs" not in answer.text

    def test_a_login_opens_it_and_a_logout_closes_it(self, project):
        client = project(PASSWORD).client()
        answer = log_in(client)
        page = client.simulate_get("/console/", cookies=session(answer))
        token = re.search('name="form_token" value="([^"]+)"', page.text)[1]
        gone = client.simulate_post("/console/logout", body=f"form_token={token}".encode(), headers=FORM, cookies=session(answer))

        assert (answer.status_code, answer.headers["location"]) == (303, "./")
        assert page.status_code == 200
        assert Balance(page.text)
        assert gone.status_code == 303
        assert gone.cookies["connector_session"].value == ""

    def test_a_session_that_was_ended_opens_nothing_with_any_worker_and_others_go_on(self, project):
        made = project(PASSWORD)
        one, other = made.client(), made.client()
        ended, goes_on = session(log_in(one)), session(log_in(one))
        token = re.search('name="form_token" value="([^"]+)"', one.simulate_get("/console/", cookies=ended).text)[1]
        one.simulate_post("/console/logout", body=f"form_token={token}".encode(), headers=FORM, cookies=ended)
        again = other.simulate_post("/console/logout", body=f"form_token={token}".encode(), headers=FORM, cookies=ended)

        assert [client.simulate_get("/console/", cookies=ended).status_code for client in (one, other)] == [401, 401]
        assert (again.status_code, other.simulate_get("/console/", cookies=goes_on).status_code) == (403, 200)

    def test_where_the_database_cannot_say_whether_a_session_was_ended_nothing_is_shown(self, project):
        made = project(PASSWORD)
        other = made.client()  # which has no connection yet
        cookies = session(log_in(made.client()))
        for file in (made.root / "var").iterdir():
            file.unlink()
        answer = other.simulate_get("/console/", cookies=cookies)

        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (503, "text/html")
        assert "form_token" not in answer.text

    def test_the_cookie_is_for_this_site_and_no_script(self, project):
        client = project(PASSWORD).client()
        plain, secure = (
            log_in(client).cookies["connector_session"],
            log_in(client, **PROXIED, **{"X-Forwarded-Proto": "https"}).cookies["__Host-connector_session"],
        )

        assert plain.http_only
        assert plain.same_site == "Strict"
        assert plain.max_age == HOURS * 3600
        assert not plain.secure
        assert secure.secure
        assert plain.value != secure.value

    @pytest.mark.parametrize("cookie", ["", "x", "9999999999.nonce.deadbeef", "..", "é", "9999999999"])
    def test_a_forged_cookie_opens_nothing(self, project, cookie):
        assert project(PASSWORD).client().simulate_get("/console/", headers={"Cookie": f"connector_session={cookie}"}).status_code == 401

    @pytest.mark.parametrize("token", ["", "0" * 64, "é"])
    def test_a_form_without_the_session_s_token_does_nothing(self, project, token):
        client = project(PASSWORD).client()
        cookies = session(log_in(client))
        answer = client.simulate_post("/console/logout", body=f"form_token={token}".encode(), headers=FORM, cookies=cookies)

        assert answer.status_code == 403
        assert client.simulate_get("/console/", cookies=cookies).status_code == 200

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:3000", "https://127.0.0.1:8000"]
    )
    def test_a_form_of_another_site_does_nothing(self, project, origin):
        assert log_in(project(PASSWORD).client(), Origin=origin, Host="127.0.0.1:8000").status_code == 403

    @pytest.mark.parametrize(
        ("origin", "headers"),
        [
            ("http://127.0.0.1:8000", {"Host": "127.0.0.1:8000"}),
            ("http://localhost", {"Host": "localhost:80"}),
            ("https://ops.example", {**PROXIED, "X-Forwarded-Proto": "https"}),
            ("https://ops.example:8443", {**PROXIED, "Host": "ops.example:8443", "X-Forwarded-Proto": "https"}),
            ("https://ops.example", PROXIED),  # it does not say what the browser speaks
            ("https://erp.acme.example:444", {**PROXIED, "X-Forwarded-Proto": "https"}),  # as [api] public_url has it
        ],
    )
    def test_a_form_of_its_own_site_works(self, project, origin, headers):
        made = project(f'[api]\npublic_url = "https://erp.acme.example:444/api"\n{PASSWORD}')
        assert log_in(made.client(), Origin=origin, **headers).status_code == 303

    @pytest.mark.parametrize("origin", ["http://ops.example", "https://ops.example:8443", "https://erp.acme.example"])
    def test_a_page_on_another_port_or_over_http_is_another_site_behind_a_proxy_too(self, project, origin):
        assert log_in(project(PASSWORD).client(), Origin=origin, **PROXIED, **{"X-Forwarded-Proto": "https"}).status_code == 403

    def test_wrong_passwords_are_counted_over_all_workers(self, project):
        made = project(PASSWORD)
        workers = [made.client(), made.client()]
        answers = [log_in(workers[number % 2], "wrong").status_code for number in range(6)]

        assert answers == [401] * 5 + [429]
        assert [log_in(worker).status_code for worker in workers] == [429, 429]

    def test_a_right_password_is_no_wrong_one(self, project):
        client = project(PASSWORD).client()

        assert [log_in(client).status_code for _ in range(8)] == [303] * 8

    def test_after_five_wrong_passwords_not_even_the_right_one_is_tried(self, project):
        client = project(PASSWORD).client()
        wrong = [log_in(client, "wrong").status_code for _ in range(5)]
        answer = log_in(client)

        assert wrong == [401] * 5
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "connector_session" not in answer.cookies

    def test_nobody_does_anything_without_a_name(self, project):
        assert log_in(project(PASSWORD).client(), name="+").status_code == 400

    @pytest.mark.parametrize("body", [b"", b"password=", b"password=\xff", b"a=1&" * 100, b"x" * 20_000])
    def test_odd_forms_open_nothing(self, project, body):
        answer = project(PASSWORD).client().simulate_post("/console/login", body=body, headers=FORM)

        assert answer.status_code in {400, 401, 413}


def test_the_console_is_loaded_when_a_page_of_it_is_asked_for(project):
    code = f"""
import json, sys
from falcon.testing import TestClient
from connector import app
from connector.web.app import create_app
client = TestClient(create_app(app.load({str(project().config)!r})), headers={{"Host": "localhost"}})
before = [name for name in sys.modules if name.startswith("connector.web.ops")]
assert client.simulate_get("/console/").status_code == 200
print(json.dumps([before, [name for name in ("pandas", "paramiko", "openpyxl", "apscheduler") if name in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == [[], []]


def test_a_session_ends_by_itself():
    clock = [1_000_000.0]
    sessions = Sessions("password", now=lambda: clock[0])
    cookie = sessions.begin()
    held = sessions.holds(cookie)
    clock[0] += HOURS * 3600 + 1

    assert held
    assert not sessions.holds(cookie)


def test_a_new_password_ends_every_session():
    assert not Sessions("new").holds(Sessions("old").begin())
