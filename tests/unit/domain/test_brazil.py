import pytest

from connector.domain import brazil

KEY = "35261112ABC34501DE35550010000043211123456782"


def test_an_nfe_key_is_known_by_its_check_digit():
    assert brazil.is_nfe_key(KEY)
    assert brazil.nfe_number(KEY) == "4321"


@pytest.mark.parametrize("key", [KEY[:-1] + "3", "99" + KEY[2:], KEY[:20] + "57" + KEY[22:], KEY[:-1], KEY.lower(), ""])
def test_a_damaged_nfe_key_is_none(key):
    assert not brazil.is_nfe_key(key)
