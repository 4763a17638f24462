"""One thing, one number: a file, a message, a request can be followed through every line of the log."""

import re
import subprocess
import sys
from hashlib import sha256

from connector.sandbox import Sandbox

WEB = """
import falcon, logging
from falcon import testing
from connector import log
from connector.web.middleware import Numbered
log.configure()
ours = logging.getLogger("deep.inside")
class Resource:
    def on_get(self, req, resp):
        ours.warning("something happened")
api = falcon.App(middleware=[Numbered()])
api.add_route("/x", Resource())
client = testing.TestClient(api)
sent = client.simulate_get("/x", headers={"x-vtex-operation-id": "4711-abc"})
made = client.simulate_get("/x", headers={"x-vtex-operation-id": "not one\\u00e9"})
ours.warning("after all requests")
print(sent.headers["x-request-id"], made.headers["x-request-id"])
"""


def test_a_file_and_each_message_that_comes_of_it_bear_their_numbers(project):
    with Sandbox(account="loja", app_key="key-of-acme", app_token="token-of-acme", known={"1"}) as sandbox:
        text = project.config.read_text().replace("http://127.0.0.1:9/loja", sandbox.suggestions_url)
        project.config.write_text(text.replace("http://127.0.0.1:9", sandbox.url))
        path = project.root / "inbox" / "products" / "p.csv"
        path.parent.mkdir()
        path.write_text("sku;product_id;product_name;brand;category;weight\n1;P;Name;B;C;1\n")
        number = sha256(path.read_bytes()).hexdigest()[:12]
        taken = project.call("--debug", "run", "refresh-snapshot")
        told = project.call("--debug", "run", "notify-marketplaces")

    (line,) = [line for line in taken.stderr.splitlines() if "action=file-settled" in line]
    for fact in (
        f"file_id={number}",
        "file=products/p.csv",
        "feed=products",
        "state=applied",
        "rows=1",
        "refused=0",
        "run=",
        "job=refresh-snapshot",
    ):
        assert fact in line, fact
    tried = [line for line in told.stderr.splitlines() if "action=message-tried" in line]
    told = {(re.search(r" message=(\d+)", one)[1], re.search(r" kind=(\S+)", one)[1]) for one in tried}
    assert len(told) == len(tried) == 3
    assert all(fact in tried[0] for fact in ("destination=loja", "kind=catalog", "reference=1", "outcome=delivered", "attempt=1"))


def test_a_request_s_number_is_in_every_line_logged_meanwhile_and_in_none_afterwards():
    done = subprocess.run([sys.executable, "-c", WEB], capture_output=True, text=True, check=True)
    sent, made = done.stdout.split()

    assert sent == "4711-abc"
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    first, second, last = done.stderr.splitlines()
    assert (f"request={sent}" in first, f"request={made}" in second, "request=" in last) == (True, True, False)
