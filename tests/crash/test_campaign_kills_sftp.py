"""The short form of `make campaign PART=kills-sftp`: the ERP is behind a real SFTP server, whose sessions are killed, too."""

from campaigns import kills
from cases import SEED, cases
from servers import SSHD, missing


def test_every_acknowledged_order_reaches_an_erp_behind_sftp_once_and_whole_whatever_is_killed(tmp_path):
    if not SSHD.exists():
        missing(f"{SSHD} is not there: install openssh-server")

    figures = kills.main(cases(40), SEED, place="sftp", folder=tmp_path, trade=kills.OrdersAlone(kills.CALM))

    assert figures.faults == [], figures
    assert figures.acknowledged > 0
