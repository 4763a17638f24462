"""Every call that is sent to a marketplace in tests, and every answer of the API in tests, against VTEX's rules and published schemas.

$VTEX_SCHEMAS names the folder with VTEX's OpenAPI files; where it is unset, the rules alone judge.
"""

import json

from falcon.testing import TestClient
from published import FOLDER, JUDGE

from connector.sandbox.marketplace import Sandbox


class Judge(Sandbox):
    """A marketplace that fails its test, when it closes, for every call that breaks a rule, but those `on_purpose`."""

    def __init__(self, **how):
        self.on_purpose = set()
        super().__init__(schemas=FOLDER, **how)

    def close(self):
        super().close()
        found = [
            (exchange.call.method, exchange.call.path, violation.rule, violation.found)
            for exchange, violation in self.ledger.violations
            if violation.rule not in self.on_purpose
        ]
        assert found == [], found


class JudgedClient(TestClient):
    """Asks the API, and fails where an answer is not as VTEX publishes it."""

    def simulate_request(self, *given, **how):
        answer = super().simulate_request(*given, **how)
        method, path = (*given, how.get("method"), how.get("path"))[:2]
        name = _name(str(path))
        if JUDGE and name and method != "HEAD" and answer.status_code == 200 and answer.content:
            assert set(JUDGE.answer_problems(name, answer.json)) - _brought(name, how) == set()
        return answer


def _brought(name, how):
    """Return what is not as published in an order that was sent: its answer repeats it."""
    if name != "orders":
        return set()
    sent = json.loads(how["body"]) if how.get("body") else how.get("json")
    return set(JUDGE.answer_problems(name, sent))


def _name(path):
    """Say which of the protocol's answers an address has."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    return last if last in ("simulation", "orders", "fulfill", "cancel") and "/pvt/" in path else ""
