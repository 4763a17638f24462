import pytest

from connector.errors import SettingsError
from connector.formats.layout import Layout, Width, load_layout


@pytest.fixture
def load(tmp_path):
    def load(text):
        (tmp_path / "acme.toml").write_text(text, encoding="utf-8")
        return load_layout("acme", tmp_path)

    return load


def test_default_is_built_in(tmp_path):
    assert load_layout("default", tmp_path) == Layout()


def test_a_layout_file_is_read_whole(load, tmp_path):
    text = 'delimiter = "|"\nencoding = "cp850"\ndecimal = "."\ndates = "dd/mm/yy"\nquotes = false\nstarts_with = "2"\n'
    text += 'order_pattern = "Ped ([0-9]+)"\n[columns]\n" Código " = "sku"\n[widths]\nsku = [1, 5]\nprice = [6, 9, 2]\n'

    assert load(text) == Layout(
        name="acme",
        source=str(tmp_path / "acme.toml"),
        columns={"código": "sku"},
        spelled={"sku": "Código"},
        delimiter="|",
        encoding="cp850",
        decimal=".",
        dates="dd/mm/yy",
        quotes=False,
        widths={"sku": Width(1, 5), "price": Width(6, 9, 2)},
        starts_with="2",
        order_pattern="Ped ([0-9]+)",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('delimeter = ";"', "did you mean delimiter"),
        ('delimiter = ":"', "allowed: "),
        ('encoding = "utf-16"', "cp1252"),
        ("decimal = 1", "decimal"),
        ('dates = "dd/mm"', "dd, mm and yyyy"),
        ("quotes = 1", "true, or false"),
        ("[widths]\nsku = [5, 1]", "positions counted from 1"),
        ("[widths]\nsku = [1]", "positions counted from 1"),
        ('starts_with = "1"', "together with"),
        ('order_pattern = "("', "one group"),
        ('[columns]\na = "sku"\nA = "price"', "each of their names once"),
        ("x", "readable TOML"),
    ],
)
def test_what_cannot_be_used_is_a_settings_error(load, text, why):
    with pytest.raises(SettingsError, match=why):
        load(text)


def test_a_layout_that_is_not_there_is_a_settings_error(tmp_path):
    with pytest.raises(SettingsError, match="nobody"):
        load_layout("nobody", tmp_path)
