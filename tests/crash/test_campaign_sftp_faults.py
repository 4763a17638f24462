"""The short form of the SFTP server's faults: each kind at least once. `make campaign PART=sftp-faults` is the long one."""

from campaigns import sftp_faults
from cases import SEED, cases
from servers import SSHD, missing


def test_whatever_befalls_the_server_each_order_is_written_once_and_each_export_applied_once(tmp_path):
    if not SSHD.exists():
        missing(f"{SSHD} is not there: install openssh-server")

    figures = sftp_faults.main(cases(12), SEED, folder=tmp_path)

    assert figures.faults == [], figures
    assert figures.interrupted >= 3
