"""What names a person is found however it is written, and others are not."""

import pytest

from connector.domain.naming import naming

CLIENT = {"email": "jose@quiet.example", "phone": "+5519988887777", "firstName": "José", "lastName": "Conceição da Silva"}
ADDRESS = {"receiverName": "Zé D'Ávila"}


def named(client=CLIENT, address=ADDRESS, documents=("11144477735",)):
    return naming([(client, address)], documents)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("CLIENTE JOSÉ CONCEIÇÃO DA SILVA SEM CREDITO", "CLIENTE *** SEM CREDITO"),
        ("jose conceicao da silva", "***"),
        ("Jose\u0301 Conceic\u0327a\u0303o da Silva.", "***."),
        ("JOSE;CONCEICAO DA  SILVA;1", "***;1"),
        ("para ZE DAVILA", "para ***"),
        ("JOSE@QUIET.EXAMPLE", "***"),
        ("tel (19) 98888-7777", "tel (***"),
        ("+55 (19) 9 8888–7777", "+55 (***"),
        ("000119988887777PEDRO", "0001***PEDRO"),
        ("1988887777", "***"),
        ("98888 7777", "9***"),
        (";88887777;", ";***;"),
        ("CPF 111 444 777/35", "CPF ***"),
        ("00011144477735", "000***"),
    ],
)
def test_a_person_is_found_however_it_is_written(text, left):
    assert named().is_in(text)
    assert named().without([{"said": text}]) == [{"said": left}]


@pytest.mark.parametrize(
    "text",
    [
        "Jose Conceicao",
        "Maria da Silva",
        "35260812345678000195550010888877771234567890",  # an NF-e's key
        "7898888777705",  # an EAN
        "8888;7777",
        "888-7777",
        "11144477734",
    ],
)
def test_others_are_not(text):
    assert not named().is_in(text)
    assert named().without(text) == text


@pytest.mark.parametrize(("phone", "text"), [("1920261124", "20261124"), ("1131122026", "31122026"), ("11999999999", "99999999")])
def test_a_number_that_reads_as_a_day_or_is_one_digit_counts_with_its_area_alone(phone, text):
    person = named({"phone": phone})

    assert not person.is_in(f"em {text}")
    assert person.is_in(f"({phone[:2]}) {phone[2:]}")


@pytest.mark.parametrize("client", [{"firstName": "Ana", "lastName": ""}, {"firstName": "A", "lastName": "Li"}, {"phone": "7777"}, {}])
def test_what_is_too_short_to_be_one_person_alone_is_not_searched_for(client):
    assert named(client, {}, documents=("735",)).patterns == ()
