"""The short form of the marketplace's faults, and a test of it. `make campaign PART=vtex-faults` is the long one."""

from campaigns import vtex_faults
from cases import SEED, cases

from connector.vtex.replies import Reply


def test_no_wrong_answer_is_taken_for_success_and_everything_is_told_in_the_end(tmp_path):
    figures = vtex_faults.main(cases(20), SEED, folder=tmp_path)

    assert figures.faults == [], figures
    assert set(figures.done) == set(vtex_faults.KINDS)


class Credulous(vtex_faults.Timed):
    """Takes the status of an answer for the answer."""

    def send(self, request):
        reply = super().send(request)
        return reply if reply.status else Reply(200, "{}")


def test_a_client_that_takes_half_an_answer_for_one_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(vtex_faults, "Timed", Credulous)

    assert any("was taken for told" in fault for fault in vtex_faults.main(10, SEED, folder=tmp_path).faults)
