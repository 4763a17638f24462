from connector.formats.errors_csv import errors_csv
from connector.formats.record import Rejection


def test_the_errors_file_opens_in_a_spreadsheet_and_runs_nothing():
    content = errors_csv([Rejection(3, "price", "=1+1", "it is no number"), Rejection(9, "", 'a;"b"', "não")])

    assert content.decode("utf-8") == ('\ufeffline;column;value;reason\r\n3;price;\'=1+1;it is no number\r\n9;;"a;""b""";não\r\n')
