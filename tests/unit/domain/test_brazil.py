import pytest

from connector.domain import brazil

KEY = "35261112ABC34501DE35550010000043211123456782"


@pytest.mark.parametrize(
    ("text", "holds"), [("529.982.247-25", True), ("52998224725", True), ("52998224724", False), ("", False), ("５２９", False)]
)
def test_a_cpf_is_known_by_its_check_digits(text, holds):
    assert brazil.is_cpf(text) is holds


@pytest.mark.parametrize(
    ("text", "holds"), [("12ABC34501DE35", True), ("12.ABC.345/01DE-35", True), ("12ABC34501DE36", False), ("11222333000181", True)]
)
def test_a_cnpj_may_hold_letters(text, holds):
    assert brazil.is_cnpj(text) is holds


@pytest.mark.parametrize(("text", "found"), [("01310-100", "01310100"), (" 01310100 ", "01310100"), ("1310100", None), ("01310-10x", None)])
def test_a_cep_has_eight_digits(text, found):
    assert brazil.cep(text) == found


def test_a_document_is_kept_as_its_digits_and_letters():
    assert brazil.document("12.abc.345/01DE-35") == "12ABC34501DE35"


def test_an_nfe_key_is_known_by_its_check_digit():
    assert brazil.is_nfe_key(KEY)
    assert brazil.nfe_number(KEY) == "4321"


@pytest.mark.parametrize("key", [KEY[:-1] + "3", "99" + KEY[2:], KEY[:20] + "57" + KEY[22:], KEY[:-1], KEY.lower(), ""])
def test_a_damaged_nfe_key_is_none(key):
    assert not brazil.is_nfe_key(key)
