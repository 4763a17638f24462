"""One bad cell among good rows: its row alone is refused, with column and reason; or the cell is odd, and read for what it says."""

from corpus.bad_file import BadFile, lines

GOOD = {
    "prices": {"sku": "B", "price": "10,00", "list_price": "12,00", "sales_channel": "1", "valid_until": "31/12/2030"},
    "stock": {"sku": "B", "quantity": "5", "warehouse": "w1"},
    "products": {
        "sku": "B",
        "product_id": "P",
        "product_name": "Camisa",
        "brand": "M",
        "category": "Casa",
        "weight": "1,5",
        "height": "10",
        "unit_multiplier": "1",
        "images": "",
        "active": "S",
        "product_spec:Cor": "azul",
        "description": "d",
    },
    "services": {"sku": "B", "type": "Garantia", "id": "1", "name": "Um ano", "price": "19,90"},
    "freight": {
        "ZipCodeStart": "01000000",
        "ZipCodeEnd": "19999999",
        "WeightStart": "0",
        "WeightEnd": "30000",
        "AbsoluteMoneyCost": "10,90",
        "PricePercent": "0",
        "PriceByExtraWeight": "0",
        "MaxVolume": "0",
        "TimeCost": "5.00:00:00",
        "MinimumValueInsurance": "0",
    },
    "invoices": {
        "order_id": "O1",
        "invoice_number": "77",
        "issuance_date": "02/01/2026",
        "invoice_value": "10,00",
        "sku": "B",
        "quantity": "1",
        "price": "10,00",
        "type": "Output",
    },
    "tracking": {"order_id": "O1", "invoice_number": "77", "event_date": "2026-01-02", "description": "rota", "delivered": "1"},
    "cancellations": {"order_id": "O1", "reason": "sem estoque", "return_invoice_number": "", "return_issuance_date": ""},
    "acks": {"order_id": "O1", "status": "accepted", "erp_order_id": "E1", "message": ""},
}
NO_NUMBER, TOO_FINE, NEGATIVE, NOT_WHOLE = "it is no number", "at most two decimals", "it is negative", "it is no whole number"
NO_DATE, NO_DAY, EMPTY, CONTROL = "it is no date", "there is no such day or time", "it is empty", "control character"
NO_PLACE, NO_TIME, NO_IMAGE, NO_FLAG = "no postal code", "it is no time", "is no image", "it is none of"

NUMBERS = (
    "abc",
    "1,2,3",
    "1.2.3,4",
    "--1",
    "1-",
    "1e3",
    "0x10",
    "1_000",
    "１２",
    "١٢",
    "NaN",
    "Infinity",
    "#REF!",
    "N/A",
    "10 00",
    "$10",
    "10%",
    "1,",
    ",",
    "9" * 16,
)
"""What is no number in any column of numbers."""
MONEY = {
    **dict.fromkeys(NUMBERS, NO_NUMBER),
    **dict.fromkeys(("-10,00", "-0,01", "R$ -1"), NEGATIVE),
    **dict.fromkeys(("10,001", "0,999", "1.234,567"), TOO_FINE),
    "": EMPTY,
    "  ": EMPTY,
    "\u00a0": EMPTY,
}
ODD_MONEY = {
    "1.234,56": 123456,
    "1234,5": 123450,
    "R$ 10,00": 1000,
    "r$10": 1000,
    "+10,00": 1000,
    " 10,00 ": 1000,
    "\u00a010,00": 1000,
    "10,000": 1000,
    "007": 700,
    "0,01": 1,
    ",5": 50,
    "1.234.567,89": 123456789,
}
QUANTITY = {**dict.fromkeys(NUMBERS, NO_NUMBER), **dict.fromkeys(("1,5", "0,1", "-0,5"), NOT_WHOLE), "": EMPTY}
ODD_QUANTITY = {"-3": -3, "0": 0, "5,0": 5, "1.000,00": 1000, "+7": 7, "-0": 0, "000": 0}
COUNT = {"0": "it is less than 1", "-1": "it is less than 1", "0,5": NOT_WHOLE, "x": NO_NUMBER}
WEIGHT = {"-1": NEGATIVE, "": EMPTY, "1kg": NO_NUMBER, "1,5,0": NO_NUMBER, "dois": NO_NUMBER}
ODD_WEIGHT = {"0,0004": 0, "0,0005": 1, "1.000,5": 1_000_500, "0": 0}
MULTIPLIER = {"0": "it is 0", "0,00": "it is 0", "-1": NEGATIVE, "x": NO_NUMBER}
DATES = {
    **dict.fromkeys(("31/02/2026", "29/02/2027", "00/01/2026", "2026-13-01", "2026-01-32", "2026-01-02T24:00", "2026-01-02T10:60"), NO_DAY),
    **dict.fromkeys(
        ("1/2/2026", "02-01-2026", "2026/01/02", "20260102", "01/02/26", "amanhã", "2026-01-02 10h", "2026-W01-1", "0", "45987"), NO_DATE
    ),
}
TOO_LONG = "it has 256 letters, more than 255"
FLAGS = dict.fromkeys(("2", "X", "talvez", "-1", "yes", "SS", "verdadeiro", "1,0"), NO_FLAG)
ODD_FLAGS = {"s": True, "N": False, "Não": False, "nao": False, "TRUE": True, "0": False, "SIM": True}
CONTROLS = {f"a{chr(code)}b": CONTROL for code in (0x01, 0x07, 0x08, 0x0B, 0x0C, 0x1B, 0x7F, 0x85, 0x9F)} | {
    "a\tb": CONTROL,
    "a\u2028b": CONTROL,
}
NAMES = {**CONTROLS, "": EMPTY, " ": EMPTY}
ODD_NAMES = {
    "NA": "NA",
    "null": "null",
    "00123": "00123",
    "=cmd()": "=cmd()",
    "-1+2": "-1+2",
    "a b": "a b",
    "é" * 255: "é" * 255,
    "1E5": "1E5",
    "'x": "'x",
}
PLACES = dict.fromkeys(("123456789", "01-00-00-000", "CEP É", "0100é000", "*", "-"), NO_PLACE) | {"": EMPTY}
ODD_PLACES = {"01000-000": "01000000", "1.000.000": "01000000", "sw1a 1aa": "SW1A1AA", "1000000": "01000000"}
TIMES = dict.fromkeys(("5d", "1.5", "24:00:61", "5.00:60:00", "cinco", "-1", "1.00", "1000", "1:2:3", "1.2.3"), NO_TIME) | {"": EMPTY}
ODD_TIMES = {"0": 0, "12:00:00": 43_200, "1.12:00": 129_600, "999": 86_313_600, "00:00": 0}
IMAGES = dict.fromkeys(
    ("foto.jpg", "ftp://x.example/a.jpg", "https://", "A=", "javascript:alert(1)", "https://x.example/a|b", "A=//x/y"), NO_IMAGE
)
PERCENTS = {"-5": NEGATIVE, "5%%": NO_NUMBER, "meio": NO_NUMBER}
INVOICE_NUMBERS = dict.fromkeys(("1/2", "A#1", "12 34", "x" * 61), "VTEX cannot track") | {"": EMPTY, "1\u20282": CONTROL}
WORDS = dict.fromkeys(("output", "OUTPUT"), "Output")

TABLE = (
    ("prices", "price", "price_cents", MONEY, ODD_MONEY),
    ("prices", "list_price", "list_price_cents", {k: v for k, v in MONEY.items() if v != EMPTY}, {"": 1000, "11,00": 1100, "9,99": 1000}),
    ("prices", "valid_until", "", DATES, {}),
    ("prices", "sku", "sku", NAMES | {"ç" * 256: TOO_LONG}, ODD_NAMES),
    ("prices", "sales_channel", "sales_channel", CONTROLS, {"": "", "01": "01"}),
    ("stock", "quantity", "quantity", QUANTITY, ODD_QUANTITY),
    ("stock", "warehouse", "warehouse", CONTROLS, {"": "", "NA": "NA"}),
    ("products", "weight", "weight_g", WEIGHT, ODD_WEIGHT),
    ("products", "height", "height_cm", {"-1": NEGATIVE, "alto": NO_NUMBER}, {"": 0.0, "1.000,5": 1000.5}),
    ("products", "unit_multiplier", "unit_multiplier", MULTIPLIER, {"": 1.0, "0,5": 0.5}),
    ("products", "active", "active", FLAGS, ODD_FLAGS | {"": True}),
    ("products", "images", "images", IMAGES, {"": "[]"}),
    ("products", "product_name", "product_name", NAMES, {"=1+1": "=1+1"}),
    ("products", "product_spec:Cor", "product_specs", {}, {"": "{}", "NA": '{"Cor":"NA"}'}),
    ("products", "description", "description", {"a\x00b": CONTROL, "a\x1fb": CONTROL}, {"": ""}),
    ("services", "price", "price_cents", {"": EMPTY, "x": NO_NUMBER, "-1": NEGATIVE, "1,005": TOO_FINE}, {"0": 0, "1.000,00": 100_000}),
    ("services", "id", "id", {"": EMPTY, "a\x01": CONTROL}, {"0": "0"}),
    ("freight", "ZipCodeStart", "zip_start", PLACES, ODD_PLACES | {"19999999": "19999999"}),
    ("freight", "ZipCodeEnd", "zip_end", {"00999999": "below ZipCodeStart"} | PLACES, {"01000000": "01000000"}),
    ("freight", "WeightEnd", "weight_end_g", {"-1": NEGATIVE, "": EMPTY, "x": NO_NUMBER}, {"0": 0, "0,5": 1}),
    ("freight", "AbsoluteMoneyCost", "cost_cents", {"": EMPTY, "x": NO_NUMBER, "-1": NEGATIVE, "1,005": TOO_FINE}, {"0": 0}),
    ("freight", "PricePercent", "price_percent", PERCENTS, {"0,5%": "0.5", "2,50": "2.5"}),
    ("freight", "TimeCost", "time_cost_seconds", TIMES, ODD_TIMES),
    ("invoices", "invoice_number", "invoice_number", INVOICE_NUMBERS, {"0012": "0012", "A-1": "A-1"}),
    ("invoices", "issuance_date", "", DATES | {"": EMPTY}, {}),
    ("invoices", "quantity", "quantity", COUNT, {"2,0": 2}),
    (
        "invoices",
        "type",
        "type",
        dict.fromkeys(("Saida", "1", "Input/Output", "return"), NO_FLAG),
        WORDS | {"input": "Input", "": "Output"},
    ),
    ("tracking", "delivered", "delivered", {"talvez": NO_FLAG, "entregue": NO_FLAG}, {"": False, "S": True}),
    ("tracking", "event_date", "", {"31/04/2026": NO_DAY, "ontem": NO_DATE}, {}),
    ("cancellations", "reason", "reason", {"": EMPTY, "a\x02b": CONTROL}, {"#N/D": "#N/D"}),
    ("cancellations", "return_issuance_date", "", {"2026-02-30": NO_DAY, "x": NO_DATE}, {}),
    (
        "acks",
        "status",
        "status",
        dict.fromkeys(("ok", "1", "aceito", "accept", "accepted."), NO_FLAG) | {"": EMPTY},
        {"ACCEPTED": "accepted"},
    ),
)


def bad_cells():
    """Yield a file for each cell: a good row, the row with the cell, another good row."""
    for feed, column, field, bad, odd in TABLE:
        for cell, words in bad.items():
            yield BadFile(_name(feed, column, cell), feed, _file(feed, column, cell), (2, 4), ((3, column, words),))
        for cell, value in odd.items():
            yield BadFile(_name(feed, column, cell), feed, _file(feed, column, cell), (2, 3, 4), said=(3, field, value))


def _name(feed, column, cell):
    return f"{feed}: {column} {cell[:20]!r}"


def _file(feed, column, cell):
    good = GOOD[feed]
    key = next(iter(good))
    rows = [{**good, key: "A"}, {**good, column: cell}, {**good, key: "C"}]
    return lines(";".join(good), *(";".join(row.values()) for row in rows))
