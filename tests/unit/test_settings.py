"""Settings: each key is in the shipped file, each mistake is one sentence, secrets are never values."""

import os
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector import settings
from connector.errors import SettingsError
from connector.settings.masking import masked
from jobs import DEFAULT_SCHEDULES

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "connector.toml"
SKELETON = ROOT / "connector" / "skeleton" / "config"
COMMENTED = re.compile(r"^# (\[\[[a-z_.]+\]\]|[a-z_]+ = .+)$", re.MULTILINE)
MARKETPLACE = """
[[marketplaces]]
account = "loja"
seller_id = "acme"
base_url = "https://loja.vtexcommercestable.com.br"
app_key = "env:KEY"
app_token = "env:TOKEN"
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)

    def write(text):
        path = tmp_path / "config" / "connector.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path):
    with pytest.raises(SettingsError) as caught:
        settings.load(path)
    return str(caught.value)


def keys_of_models(model=settings.Settings, prefix=""):
    for name, field in model.model_fields.items():
        inner = [
            a for a in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(a, type) and issubclass(a, BaseModel)
        ]
        if inner:
            yield from keys_of_models(inner[0], f"{prefix}{name}.")
        elif not field.exclude:
            yield prefix + name


def keys_of_document(document, prefix=""):
    for name, value in document.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from keys_of_document(inner, f"{prefix}{name}.")
            else:
                yield prefix + name
        if value == []:
            yield prefix + name


def defaults_of_models(model=settings.Settings, prefix=""):
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from ((prefix + name + "." + key, value) for key, value in flat(field.default.model_dump()))


def flat(document):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in flat(value))
        else:
            yield name, list(value) if isinstance(value, tuple) else value


def test_the_shipped_file_names_every_key_and_no_other():
    document = tomllib.loads(COMMENTED.sub(r"\1", SHIPPED.read_text(encoding="utf-8")))

    jobs = {f"schedule.{name.replace('-', '_')}" for name in DEFAULT_SCHEDULES}

    assert set(keys_of_document(document)) == set(keys_of_models()) | jobs


def test_the_shipped_file_shows_the_defaults():
    shipped = dict(flat(tomllib.loads(SHIPPED.read_text(encoding="utf-8"))))
    defaults = {
        key: value
        for key, value in defaults_of_models()
        if value is not None and key not in ("shipping.slas", "shipping.pickup_points", "stock.safety_rules")
    }

    jobs = {f"schedule.{name.replace('-', '_')}": default for name, default in DEFAULT_SCHEDULES.items()}

    assert {key: shipped.get(key) for key in [*defaults, *jobs]} == {**defaults, **jobs}


def test_the_shipped_file_comments_every_key():
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    explained = {line.split(":")[0].removeprefix("# ") for line in lines if re.match(r"# [a-z_]+: ", line)}
    first = {}
    for above, line in pairwise(lines):
        key = re.match(r"(?:# )?([a-z_]+) = ", line)
        if key and key[1] not in explained:
            first.setdefault(key[1], above.startswith(("# ", "app_key")))

    assert [key for key, commented in first.items() if not commented] == []


def test_what_init_copies_is_the_shipped_file():
    copied = {path.relative_to(SKELETON): path.read_bytes() for path in SKELETON.rglob("*") if path.is_file()}
    shipped = {path.relative_to(SHIPPED.parent): path.read_bytes() for path in SHIPPED.parent.rglob("*") if path.is_file()}

    assert copied == shipped


def test_the_shipped_file_loads():
    assert settings.load(SHIPPED).marketplaces[0].seller_id == "acme"


def test_relative_paths_lie_in_the_project_directory(write, tmp_path):
    found = settings.load(write(MARKETPLACE))

    assert found.path("inbox") == tmp_path / "inbox"


def test_a_file_that_lies_outside_a_config_folder_makes_its_own_folder_the_project(tmp_path):
    file = tmp_path / "shop.toml"
    file.write_text(MARKETPLACE)

    assert settings.load(file).root == tmp_path


def test_the_environment_goes_before_the_file(write, monkeypatch):
    monkeypatch.setenv("CONNECTOR__ERP__SETTLE_SECONDS", "7")

    assert settings.load(write("[erp]\nsettle_seconds = 3\n")).erp.settle_seconds == 7


def test_an_environment_variable_that_names_no_section_is_refused(write, monkeypatch):
    monkeypatch.setenv("CONNECTOR__EPR__SOURCE", "file:x")

    said = refusal(write(""))

    assert "CONNECTOR__EPR__SOURCE" in said
    assert "did you mean erp?" in said


def test_a_bad_environment_variable_is_named(write, monkeypatch):
    monkeypatch.setenv("CONNECTOR__ERP__SETTLE_SECONDS", "soon")

    said = refusal(write(""))

    assert "environment variable CONNECTOR__ERP__SETTLE_SECONDS" in said
    assert "'soon'" in said


def test_an_entry_of_a_list_is_replaced_by_its_index(write, monkeypatch):
    monkeypatch.setenv("CONNECTOR__MARKETPLACES__0__BASE_URL", "https://other.example")
    monkeypatch.setenv("CONNECTOR__MARKETPLACES__0__SALES_CHANNELS", '["2", "3"]')

    found = settings.load(write(MARKETPLACE)).marketplaces

    assert [(m.base_url, m.sales_channels) for m in found] == [("https://other.example", ("2", "3"))]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CONNECTOR__MARKETPLACES__0__PROTOCOL", "2018", ["marketplaces.0.protocol", "'2018'"]),
        ("CONNECTOR__MARKETPLACES", "junk", ["marketplaces", "JSON"]),
        ("CONNECTOR__ERP", "junk", ["erp", "JSON"]),
        ("CONNECTOR__API__BIND", "0.0.0.0:1", ["api.bind", "'0.0.0.0:1'"]),
    ],
)
def test_a_bad_variable_is_named_wherever_its_value_belongs(write, monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)

    said = refusal(write(MARKETPLACE))

    assert [word for word in [f"environment variable {variable}:", "found", "allowed", *words] if word not in said] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[erp]\nsorce = 'file:x'\n", ["erp.sorce", "did you mean source?"]),
        ("[feeds.price]\nmode = 'full'\n", ["feeds.price", "did you mean prices?"]),
        ("[feeds.products]\nmode = 'half'\n", ["feeds.products.mode", "'half'", "full", "delta"]),
        ("[feeds.stock]\nmax_zeroed = 3\n", ["feeds.stock.max_zeroed", "3", "1"]),
        ("[erp]\nsource = 'ftp://x'\n", ["erp.source", "ftp://x"]),
        ("[erp]\nsettle_seconds = inf\n", ["erp.settle_seconds", "inf", "86400"]),  # beyond what times can be counted in
        ("[erp]\narchive_days = 999999\n", ["erp.archive_days", "999999", "36500"]),
        ("[erp]\nrejected_days = 999999\n", ["erp.rejected_days", "999999", "36500"]),
        ("[stock]\nsafety = 99999999999999999999\n", ["stock.safety", "1000000000"]),  # more than a database counts
        ("[api]\nbind = '0.0.0.0:80'\n", ["api.bind", "'0.0.0.0:80'", "loopback", "[api.auth]"]),
        ("[api.auth]\napp_key = 'env:K'\n", ["api.auth.app_token", "'app_key alone'", "together"]),
        ("[api.auth]\nallow_from = ['here']\n", ["api.auth.allow_from.0:", "'here'", "10.0.0.0/8"]),
        ("[schedule]\ntimezone = 'Campinas'\n", ["schedule.timezone", "'Campinas'", "America/Sao_Paulo"]),
        ("[[shipping.slas]]\nid = 'x'\n", ["shipping.slas.0.table", "'nothing'", "must be there"]),
        ("[marketplaces]\n", ["marketplaces", "double brackets"]),
        (MARKETPLACE + MARKETPLACE, ["marketplaces", "twice", "each account once"]),
        (MARKETPLACE.replace("https:", "http:"), ["marketplaces.0.base_url", "'http://", "https address"]),
        ("[erp\n", ["the file", "TOML"]),
    ],
)
def test_a_mistake_is_one_sentence_with_file_key_found_and_allowed(write, text, words):
    path = write(text)
    said = refusal(path)

    assert [word for word in [str(path), "found", "allowed", *words] if word not in said] == []
    assert "\n" not in said


def test_a_missing_file_names_the_way_to_make_one(tmp_path):
    assert "connector init" in refusal(tmp_path / "nothing.toml")


def test_a_secret_written_into_the_file_is_refused_without_repeating_it(write):
    said = refusal(write(MARKETPLACE.replace("env:KEY", "vtexappkey-acme-SECRET")))

    assert "SECRET" not in said
    assert "env:NAME, file:PATH or credential:NAME" in said


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("CONNECTOR__DATABASE__URL", "postgresql://shop:S3@cr3tPw@db.example:5432/shop"),
        ("CONNECTOR__ERP__SOURCE", "SFTP://erp:S3/cr3tPw@erp.example/export"),
        ("CONNECTOR__API__PUBLIC_URL", "https://S3:cr3tPw@shop.example"),
        ("CONNECTOR__MARKETPLACES__0__BASE_URL", "http://key:S3cr3tPw@shop.example"),  # refused beside other keys
    ],
)
def test_a_password_in_an_address_is_never_repeated(write, monkeypatch, variable, address):
    monkeypatch.setenv(variable, address)

    said = refusal(write(MARKETPLACE))

    assert variable in said
    assert [part for part in ("S3", "cr3tPw") if part in said] == []


@pytest.mark.parametrize(
    "password", ["S3cr3tPw", "S3@cr3tPw", "S3/cr3tPw", "S3:cr3tPw", "S3?cr3tPw", "S3#cr3tPw", "S3 cr3tPw", "@:/S3@//cr3tPw?"]
)
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://shop:{}@db.example:5432/shop",
        "postgresql:/shop:{}@db.example:5432/shop",
        "shop:{}@db.example:5432/shop",
        "postgresql://db.example/shop?user=shop&password={}",
        "host=db.example user=shop password={}",
        "sftp://erp:{}@",
    ],
)
def test_no_part_of_a_password_is_shown_whatever_stands_in_it(address, password):
    assert [part for part in ("S3", "cr3tPw") if part in masked(address.format(password))] == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sftp://erp:S3cr3tPw", "sftp://***"),  # whose host was forgotten
        ("postgresql://shop:S3cr3tPw@[::1]:5432/shop", "postgresql://***@[::1]:5432/shop"),
        ("ftp://erp.example:21/export", "ftp://erp.example:21/export"),
        ("erp@erp.example", "erp@erp.example"),
        ("0.0.0.0:80", "0.0.0.0:80"),
    ],
)
def test_what_cannot_be_a_password_is_shown(address, shown):
    assert masked(address) == shown


def test_of_an_address_with_a_login_the_place_is_named(write, monkeypatch):
    monkeypatch.setenv("CONNECTOR__DATABASE__URL", "postgresql://shop:S3cr3tPw@db.example:5432/shop")

    assert "found 'postgresql://***@db.example:5432/shop'" in refusal(write(""))


def test_a_secret_is_read_when_it_is_needed_and_never_shown(write, monkeypatch):
    monkeypatch.setenv("KEY", "the secret")
    found = settings.load(write(MARKETPLACE))

    assert found.reveal(found.marketplaces[0].app_key) == "the secret"
    assert "the secret" not in repr(found)


def test_a_secret_that_is_not_there_names_the_variable(write, monkeypatch):
    monkeypatch.delenv("TOKEN", raising=False)
    found = settings.load(write(MARKETPLACE))

    with pytest.raises(SettingsError, match="env:TOKEN"):
        found.reveal(found.marketplaces[0].app_token)


def test_a_secret_file_that_others_can_read_is_refused(write, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("x\n")
    found = settings.load(write(MARKETPLACE.replace("env:TOKEN", "file:token")))

    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        found.reveal(found.marketplaces[0].app_token)
    secret.chmod(0o600)
    assert found.reveal(found.marketplaces[0].app_token) == "x"


def test_a_secret_file_that_systemd_laid_down_may_show_its_access_list_as_the_groups(write, tmp_path, monkeypatch):
    secret = tmp_path / "token"
    secret.write_text("x\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path.resolve()))
    found = settings.load(write(MARKETPLACE.replace("env:TOKEN", f"file:{secret}")))

    secret.chmod(0o440)
    assert found.reveal(found.marketplaces[0].app_token) == "x"
    secret.chmod(0o444)
    with pytest.raises(SettingsError, match="chmod 600"):
        found.reveal(found.marketplaces[0].app_token)


@pytest.mark.parametrize("written", ["pedido.xml.j2", "config/templates/pedido.xml.j2"])
def test_a_template_of_orders_is_named_with_its_folder_or_without(write, written):
    assert settings.load(write(f'[orders]\nformat = "{written}"\n')).orders.format == "pedido.xml.j2"


@pytest.mark.parametrize(
    ("line", "allowed"),
    [('format = "xml"', "config/templates/NAME.j2"), ('format = "../x.j2"', "json, csv"), ('reservation = "a week"', "8d, 5bd")],
)
def test_what_orders_cannot_be_is_answered_in_words(write, line, allowed):
    with pytest.raises(SettingsError, match=re.escape(allowed)):
        settings.load(write(f"[orders]\n{line}\n"))
