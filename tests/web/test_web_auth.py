"""Who may call: credentials that are set must hold; with none, only direct requests on loopback."""

import io

import pytest

from connector.errors import SettingsError
from connector.web.server import command

SIMULATION = "/pvt/orderForms/simulation"
PAIR = {"X-VTEX-API-AppKey": "the-key", "X-VTEX-API-AppToken": "tökén".encode().decode("latin-1")}
PROXIED = [
    {"Forwarded": "for=10.0.0.1"},
    {"X-Forwarded-For": "10.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "shop.example"},
    {"X-Real-IP": "10.0.0.1"},
    {"Host": "shop.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": ""},
]
BODY = b'{"items": []}'


def auth(*lines: str, more: str = "") -> str:
    return "\n".join(["[api]", more, "[api.auth]", *lines, ""])


def asked(client, path=SIMULATION, **options):
    return client.simulate_post(path, body=BODY, **options).status_code


@pytest.mark.usefixtures("secrets")
class TestPathToken:
    def client(self, project, prefix=""):
        return project(auth('path_token = "env:TEST_PATH_TOKEN"', more=f'prefix = "{prefix}"')).client()

    def test_the_token_stands_before_pvt(self, project):
        client = self.client(project)

        assert asked(client, "/t0ken-of-the-path" + SIMULATION) == 200
        assert asked(client, "/api/t0ken-of-the-path" + SIMULATION) == 200
        assert asked(client, "/t0ken-of-the-path/api" + SIMULATION) == 200

    def test_without_it_or_with_another_nothing_is_answered(self, project):
        client = self.client(project)

        for path in (
            SIMULATION,
            "/api" + SIMULATION,
            "/t0ken-of-the-pat" + SIMULATION,
            "/T0KEN-OF-THE-PATH" + SIMULATION,
            "/é" + SIMULATION,
        ):
            assert asked(client, path) == 401

    @pytest.mark.parametrize("token", ["ab/cd+ef==0123456789", "tökén-of-the-path", "with a blank in it", "a%2fb-and-more", ".."])
    def test_one_that_no_address_could_hold_is_named_before_the_server_starts(self, project, token, monkeypatch):
        monkeypatch.setenv("TEST_PATH_TOKEN", token)

        with pytest.raises(SettingsError, match=r"api\.auth\.path_token: found .a token .*, allowed: up to 128 letters") as failed:
            command(project(auth('path_token = "env:TEST_PATH_TOKEN"')).config)
        assert token not in str(failed.value)

    def test_the_one_before_it_is_believed_beside_it_and_no_other(self, project, monkeypatch):
        monkeypatch.setenv("TEST_PREVIOUS", "the.token~before_it")
        client = project(auth('path_token = "env:TEST_PATH_TOKEN"', 'previous_path_token = "env:TEST_PREVIOUS"')).client()

        assert [asked(client, f"/{token}{SIMULATION}") for token in ("t0ken-of-the-path", "the.token~before_it")] == [200, 200]
        assert [asked(client, f"{token}{SIMULATION}") for token in ("", "/the.token~before_i", "/env:TEST_PREVIOUS")] == [401, 401, 401]

    def test_the_one_before_it_stands_beside_one_that_is_valid(self, project):
        with pytest.raises(SettingsError, match=r"api\.auth\.path_token: found 'previous_path_token alone'"):
            command(project(auth('previous_path_token = "env:TEST_PATH_TOKEN"')).config)

    def test_one_that_is_not_believed_is_not_logged(self, project, caplog):
        client = self.client(project)

        for path in ("/the-new-token-of-vtex" + SIMULATION, "/api/the-new-token-of-vtex" + SIMULATION, "/the-new-token-of-vtex"):
            assert asked(client, path) == 401
        assert asked(client) == 401
        assert "the-new-token-of-vtex" not in str([vars(record) for record in caplog.records])
        assert [record.place for record in caplog.records if hasattr(record, "place")] == ["unknown"] * 3 + ["pvt"]

    def test_with_a_prefix(self, project):
        client = self.client(project, "/seller/one")

        assert asked(client, "/seller/one/t0ken-of-the-path" + SIMULATION) == 200
        assert asked(client, "/api/seller/one/t0ken-of-the-path" + SIMULATION) == 200
        assert asked(client, "/t0ken-of-the-path" + SIMULATION) == 404

    def test_a_registered_address_that_ends_in_a_slash_works(self, project):
        assert asked(self.client(project), "/t0ken-of-the-path/" + SIMULATION) == 200

    def test_the_token_is_nowhere_in_the_answers(self, project):
        client = self.client(project)
        shown = [client.simulate_get(path) for path in ("/openapi.json", "/metrics", "/t0ken-of-the-path/nowhere")]

        assert not any("t0ken" in answer.text + str(answer.headers) for answer in shown)


@pytest.mark.usefixtures("secrets")
class TestKeyAndToken:
    def client(self, project):
        return project(auth('app_key = "env:TEST_KEY"', 'app_token = "env:TEST_TOKEN"')).client()

    def test_both_spellings_are_known(self, project):
        client = self.client(project)
        token = PAIR["X-VTEX-API-AppToken"]

        assert asked(client, headers=PAIR) == 200
        assert asked(client, headers={"Authorization": f'vtex KEY="the-key",TOKEN="{token}"'}) == 200
        assert asked(client, headers={"Authorization": f'VTEX key="the-key" token="{token}"'}) == 200
        assert asked(client, headers={"Authorization": f'vtex  key="the-key", token="{token}" '}) == 200
        assert asked(client, headers={"X-VTEX-API-AppKey": "old", "Authorization": f'VTEX key="the-key" token="{token}"'}) == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-VTEX-API-AppKey": "the-key"},
            {**PAIR, "X-VTEX-API-AppKey": "the-keY"},
            {**PAIR, "X-VTEX-API-AppToken": "wrong"},
            {**PAIR, "X-VTEX-API-AppToken": "\xff\xfe"},
            {"X-VTEX-API-AppKey": "", "X-VTEX-API-AppToken": ""},
            {"Authorization": "Bearer the-key"},
            {"Authorization": 'VTEX key="the-key"'},
            {"Authorization": 'VTEX key="" token=""'},
        ],
    )
    def test_anything_else_is_401(self, project, headers):
        answer = self.client(project).simulate_post(SIMULATION, body=BODY, headers=headers)

        assert answer.status_code == 401
        assert answer.json["error"]["exception"] is None
        assert answer.headers["x-vtex-error-code"] == answer.json["error"]["code"]

    def test_one_of_two_credentials_is_not_enough(self, project):
        client = project(auth('path_token = "env:TEST_PATH_TOKEN"', 'app_key = "env:TEST_KEY"', 'app_token = "env:TEST_TOKEN"')).client()

        assert asked(client, "/t0ken-of-the-path" + SIMULATION) == 401
        assert asked(client, SIMULATION, headers=PAIR) == 401
        assert asked(client, "/t0ken-of-the-path" + SIMULATION, headers=PAIR) == 200


class Untouchable(io.BytesIO):
    """A body that must not be read."""

    def read(self, _size=None):
        raise AssertionError("the body was read")


@pytest.mark.usefixtures("secrets")
def test_nothing_of_the_body_is_read_before_the_credentials_hold(project):
    client = project(auth('app_key = "env:TEST_KEY"', 'app_token = "env:TEST_TOKEN"')).client()

    for path in (SIMULATION, "/pvt/orders", "/pvt/orders/X/fulfill", "/pvt/orders/X/cancel", "/pvt/nowhere"):
        answer = client.simulate_post(path, headers={"Content-Length": "50"}, extras={"wsgi.input": Untouchable()})
        assert answer.status_code == 401


class TestNetworks:
    def status(self, project, peer, forwarded=None, proxies=""):
        client = project(auth('allow_from = ["10.0.0.0/8", "2001:db8::/32"]', more=f"trusted_proxies = [{proxies}]")).client()
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        return asked(client, remote_addr=peer, headers=headers)

    @pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"])
    def test_the_peer_decides(self, project, peer):
        assert self.status(project, peer) == 200

    @pytest.mark.parametrize(
        ("peer", "forwarded"), [("11.1.2.3", None), ("11.1.2.3", "10.1.2.3"), ("127.0.0.1", None), ("127.0.0.1", "10.1.2.3")]
    )
    def test_what_a_stranger_says_about_itself_counts_for_nothing(self, project, peer, forwarded):
        assert self.status(project, peer, forwarded) == 403

    @pytest.mark.parametrize("forwarded", ["10.1.2.3", "10.9.9.9, 10.1.2.3", "evil, 10.1.2.3", "11.1.1.1, 10.1.2.3, 127.0.0.2"])
    def test_behind_listed_proxies_it_is_the_rightmost_other_hop(self, project, forwarded):
        assert self.status(project, "127.0.0.1", forwarded, '"127.0.0.0/8"') == 200

    @pytest.mark.parametrize("forwarded", [None, "11.1.2.3", "10.1.2.3, 11.1.2.3", "10.1.2.3, evil", "10.1.2.3, 11.1.2.3, 127.0.0.2"])
    def test_and_no_hop_left_of_it(self, project, forwarded):
        assert self.status(project, "127.0.0.1", forwarded, '"127.0.0.0/8"') == 403


class TestLoopback:
    @pytest.mark.parametrize("headers", [{"Host": "127.0.0.1:8000"}, {"Host": "localhost"}, {"Host": "[::1]:8000"}])
    def test_direct_requests_need_nothing_where_nothing_is_set(self, project, headers):
        client = project().client()

        assert asked(client, headers=headers) == 200
        assert [client.simulate_get(path, headers=headers).status_code for path in ("/metrics", "/readyz", "/openapi.json")] == [200] * 3

    @pytest.mark.parametrize("headers", PROXIED)
    def test_requests_through_a_proxy_or_under_a_foreign_name_are_refused(self, project, headers):
        client = project().client()

        assert asked(client, headers=headers) == 403
        for path in ("/metrics", "/readyz", "/openapi.json", "/api/metrics", "/nowhere", "/console/"):
            assert client.simulate_get(path, headers=headers).status_code == 403
        assert client.simulate_get("/healthz", headers=headers).status_code == 200

    def test_other_machines_are_refused(self, project):
        assert asked(project().client(), remote_addr="10.0.0.7") == 403

    @pytest.mark.usefixtures("secrets")
    def test_what_is_set_is_demanded_on_loopback_too(self, project):
        client = project(auth('path_token = "env:TEST_PATH_TOKEN"')).client()

        assert asked(client) == 401
        assert client.simulate_get("/readyz").status_code == 200

    @pytest.mark.usefixtures("secrets")
    @pytest.mark.parametrize("headers", PROXIED)
    def test_off_loopback_the_probes_ask_for_credentials(self, project, headers):
        client = project(auth('path_token = "env:TEST_PATH_TOKEN"')).client()

        for path in ("/metrics", "/readyz", "/openapi.json"):
            assert client.simulate_get(path, headers=headers).status_code == 401
            assert client.simulate_get("/t0ken-of-the-path" + path, headers=headers).status_code == 200

    @pytest.mark.usefixtures("secrets")
    def test_on_another_bind_nothing_is_direct(self, project):
        client = project('[api]\nbind = "0.0.0.0:8000"\n[api.auth]\npath_token = "env:TEST_PATH_TOKEN"\n').client()

        assert client.simulate_get("/metrics").status_code == 401
        assert client.simulate_get("/console/").status_code == 403
        assert client.simulate_get("/healthz").status_code == 200


def test_a_secret_that_is_not_there_is_named_before_the_server_starts(project):
    with pytest.raises(Exception, match="TEST_NOT_THERE") as failed:
        command(project(auth('path_token = "env:TEST_NOT_THERE"')).config)

    assert type(failed.value).__name__ == "SettingsError"
