"""Alarms told to people: by a webhook and by e-mail, each alarm once, again when it lasts, and once when it is over."""

import ssl
import subprocess
from datetime import timedelta

import pytest
from catalog_world import Catalog
from letterbox import Hook, Post, serving

from connector.delivery import alarm_channels, alarm_post
from connector.errors import SettingsError
from connector.usecases import alarms_told
from connector.usecases.passes import Pass
from connector.usecases.report import Report
from jobs import tell_alarms

LATE = """
[feeds.stock]
expected_every = "2h"
[feeds.prices]
expected_every = "4h"
[alarms]
webhook = "file:config/webhook"
webhook_format = "{form}"
{more}
"""
MAIL = """
[feeds.stock]
expected_every = "2h"
[alarms]
email_to = ["ops@acme.example", "boss@acme.example"]
email_from = "connector@acme.example"
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_security = "none"
smtp_user = "ops"
smtp_password = "file:config/webhook"
"""


@pytest.fixture
def hook():
    with serving(Hook()) as server:
        yield server


@pytest.fixture
def post():
    with serving(Post()) as server:
        yield server


def watched(root, hook, more="", form="json"):
    """A shop whose stock and prices come today, and whose people are told by a webhook."""
    shop = Catalog(root / "shop", more=LATE.format(form=form, more=more))
    secret(shop, hook.url)
    fresh(shop)
    return shop


def secret(shop, text):
    path = shop.root / "config" / "webhook"
    path.write_text(text)
    path.chmod(0o600)


def fresh(shop, *feeds):
    for feed, row in (("stock", "A;1"), ("prices", "A;1,00;")):
        if feed in (feeds or ("stock", "prices")):
            shop.export(f"{feed}/{shop.now:%d%H%M}.csv", row)


def look(shop, **how):
    return tell_alarms.run(shop.app, Pass(**how))


def later(shop, hook, **span):
    """Let time go by, look, and return what the webhook took: (raised, still on, over) by subject."""
    shop.now += timedelta(**span)
    hook.taken.clear()
    look(shop)
    return [tuple([one["subject"] for one in told[what]] for what in ("raised", "still_on", "over")) for told in hook.taken]


def test_an_alarm_is_told_once_again_when_it_lasts_and_once_when_it_is_over(tmp_path, hook):
    shop = watched(tmp_path, hook)

    assert later(shop, hook, hours=1) == []
    assert later(shop, hook, hours=1, minutes=5) == [(["stock"], [], [])]
    assert later(shop, hook, hours=1) == []
    assert later(shop, hook, hours=1) == [(["prices"], [], [])]  # a new one comes alone
    assert later(shop, hook, hours=4) == [([], ["stock", "prices"], [])]  # those that last go together
    fresh(shop)
    assert later(shop, hook, minutes=1) == []  # it may stumble
    assert later(shop, hook, minutes=5) == [([], [], ["stock", "prices"])]
    assert later(shop, hook, minutes=5) == []


def test_what_a_message_says_is_whole(tmp_path, hook):
    shop = watched(tmp_path, hook)
    began = shop.now
    later(shop, hook, hours=3)
    (told,) = hook.taken

    assert told["subject"] == "[connector shop] alarms: 1 raised"
    assert told["raised"] == [
        {
            "alarm": "late",
            "subject": "stock",
            "since": (began + timedelta(hours=2) - timedelta(minutes=1)).isoformat(timespec="seconds"),
            "count": 1,
            "sentence": told["raised"][0]["sentence"],
            "remedy": "did the ERP's export run, and does it still write to [erp] source? connector check",
        }
    ]
    assert told["raised"][0]["sentence"].startswith("stock: the last file came on 2026-11-23 12:01")
    assert hook.paths == ["/hook/secret-part"]


@pytest.mark.parametrize("form", ["slack", "teams"])
def test_chats_are_told_in_their_own_form_and_without_mark_up(tmp_path, hook, form):
    shop = watched(tmp_path, hook, form=form)
    shop.drop("stock/<!channel>.csv", "A;many")
    shop.run()
    shop.now += timedelta(minutes=10)
    look(shop)
    (told,) = hook.taken

    if form == "slack":
        assert told["text"].startswith(
            "*[connector shop] alarms: 1 raised*\nRaised:\n- quarantined: stock: 1 file refused whole, not mended yet"
        )
    else:
        (card,) = told["attachments"]
        assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert card["content"]["body"][0]["text"] == "[connector shop] alarms: 1 raised"
    assert "<!channel>" not in str(told)


def test_what_could_not_be_told_while_the_clock_was_ahead_is_told_when_it_is_set_back(tmp_path, hook):
    shop = watched(tmp_path, hook)
    hook.status = 500
    shop.now += timedelta(hours=27)
    assert look(shop).failures
    shop.now -= timedelta(hours=24)
    hook.status = 200

    assert later(shop, hook, minutes=0) == [(["stock"], [], [])]


def test_what_could_not_be_told_waits_longer_and_longer_and_is_not_lost(tmp_path, hook):
    shop = watched(tmp_path, hook)
    hook.status = 500
    shop.now += timedelta(hours=3)
    report = look(shop)
    assert report.failures == ["alarms could not be told by webhook: it answered 500; they wait"]
    assert look(shop).failures == []  # left alone for a minute
    assert alarms_told.listing(shop.app)["channels"]["webhook"]["trouble"]["failures"] == 1

    hook.status = 200
    assert later(shop, hook, minutes=1) == [(["stock"], [], [])]
    assert alarms_told.listing(shop.app)["channels"]["webhook"]["trouble"] is None


def test_a_redirect_is_not_followed(tmp_path, hook):
    shop = watched(tmp_path, hook)
    hook.status = 302
    shop.now += timedelta(hours=3)

    assert look(shop).failures == ["alarms could not be told by webhook: it answered 302: redirects are not followed; they wait"]
    assert hook.paths == ["/hook/secret-part"]


def test_one_who_answers_byte_by_byte_is_left_at_the_deadline(tmp_path, hook):
    shop = watched(tmp_path, hook)
    hook.slow = 5
    shop.now += timedelta(hours=3)
    look(shop, dry_run=True)
    (channel,) = alarm_channels.channels(shop.app, total_seconds=0.2)

    assert channel.send(alarm_post.News(), shop.now) == "no whole answer in time"


def test_in_quiet_hours_only_what_is_urgent_is_told_and_the_rest_in_the_morning(tmp_path, hook):
    shop = watched(tmp_path, hook, more='quiet_hours = "14:00-06:00"\nurgent = ["late"]\n')
    shop.drop("stock/bad.csv", "A;many")
    shop.run()

    assert later(shop, hook, hours=3) == [(["stock"], [], [])]  # 15:00 in São Paulo
    assert {one["alarm"] for one in hook.taken[0]["raised"]} == {"late"}
    later(shop, hook, hours=15)  # 06:00
    assert {one["alarm"] for told in hook.taken for one in told["raised"]} >= {"quarantined"}


def test_an_alarm_that_came_and_went_untold_is_not_told(tmp_path, hook):
    shop = watched(tmp_path, hook, more='lasting = "30m"\n')

    assert later(shop, hook, hours=2, minutes=10) == []
    fresh(shop, "stock")
    assert later(shop, hook, minutes=40) == []


def test_a_dry_run_says_what_would_be_told_and_sends_nothing(tmp_path, hook):
    shop = watched(tmp_path, hook)
    shop.now += timedelta(hours=3)
    look(shop)
    fresh(shop)
    shop.now += timedelta(hours=8)
    hook.taken.clear()
    report = Report("tell-alarms")
    alarm_post.preview(shop.app, report)

    assert report.lines == ["would tell by webhook: still on: late (stock)"]
    assert hook.taken == []


def test_a_letter_goes_to_everybody_and_is_refused_in_words(tmp_path, post):
    shop = Catalog(tmp_path / "shop", more=MAIL.format(port=post.port))
    secret(shop, "swordfish")
    shop.export("stock/s.csv", "A;1")
    shop.now += timedelta(hours=3)
    look(shop)
    (letter,) = post.letters

    assert (letter["From"], letter["To"]) == ("connector@acme.example", "ops@acme.example, boss@acme.example")
    assert letter["Subject"] == "[connector shop] alarms: 1 raised"
    assert letter.get_payload().startswith("Raised:\r\n- late: stock: the last file came on 2026-11-23 12:01")
    assert len(post.logins) == 1

    post.refuses = True
    assert alarm_post.test(shop.app) == [{"channel": "email", "failure": "it refused boss@acme.example, ops@acme.example"}]
    post.mute = True
    (channel,) = alarm_channels.channels(shop.app, total_seconds=0.2)
    assert channel.send(alarm_post.News(), shop.now) == "no whole answer within 0.2 s"


@pytest.fixture
def certificate(tmp_path):
    """Make a server's certificate for 127.0.0.1, as its own authority."""
    path, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=post.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *curve, *subject, "-keyout", key, "-out", path], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context


def test_by_starttls_nothing_is_said_before_the_line_is_encrypted_and_a_stranger_s_certificate_is_refused(
    tmp_path, certificate, monkeypatch
):
    path, context = certificate
    with serving(Post(context)) as post:
        shop = Catalog(tmp_path / "shop", more=MAIL.format(port=post.port).replace('"none"', '"starttls"'))
        secret(shop, "swordfish")
        (told,) = alarm_post.test(shop.app)
        assert "certificate" in told["failure"]
        assert (post.letters, post.logins) == ([], [])

        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert alarm_post.test(shop.app) == [{"channel": "email", "failure": ""}]
        assert len(post.letters) == len(post.logins) == 1
        assert post.ciphers


def test_a_server_without_starttls_gets_neither_password_nor_letter(tmp_path, post):
    shop = Catalog(tmp_path / "shop", more=MAIL.format(port=post.port).replace('"none"', '"starttls"'))
    secret(shop, "swordfish")
    (told,) = alarm_post.test(shop.app)

    assert "STARTTLS" in told["failure"]
    assert (post.letters, post.logins) == ([], [])


def test_an_address_that_is_no_https_is_refused_without_being_shown(tmp_path, hook):
    shop = watched(tmp_path, hook)
    secret(shop, "http://hooks.example/T000/very-secret")

    with pytest.raises(SettingsError, match="found 'another address', allowed: https") as caught:
        look(shop)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:99999/S3CRET",
        "https://hooks.example:port/S3CRET",
        "https://hoo ks/S3CRET",
        "https://hooks.example/a\nS3CRET",
        "https://[::1/S3CRET",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_being_shown(tmp_path, hook, address):
    shop = watched(tmp_path, hook)
    secret(shop, address)

    with pytest.raises(SettingsError) as caught:
        look(shop)
    assert "alarms.webhook (file:config/webhook)" in str(caught.value)
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize("token", ["tok\nS3CRET", "tok\u2014S3CRET", "tok\u00e9S3CRET", "tok\x00S3CRET", ""])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(tmp_path, hook, token):
    shop = watched(tmp_path, hook, more='webhook_token = "file:config/token"')
    path = shop.root / "config" / "token"
    path.write_text(token, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(SettingsError) as caught:
        look(shop)
    assert "alarms.webhook_token (file:config/token)" in str(caught.value)
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("https://127.0.0.1:99999/S3CRET", ""),
        ("https://hooks..example/S3CRET", ""),
        ("http://127.0.0.1:1/S3CRET", "a\nS3CRET"),
        ("http://127.0.0.1:1", "\u2014S3CRET"),
    ],
)
def test_what_the_libraries_say_of_an_address_or_a_token_is_not_repeated(address, token):
    assert alarm_channels._posted(address, {}, {"Authorization": token} if token else {}, 5.0) == "its address or token cannot be used"
