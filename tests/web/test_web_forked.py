"""The server as it is shipped, on PostgreSQL, with several workers: each request carries a number and gets its own back.

With connections opened before the fork, workers share them, and answers belong to other requests (reliability §0, 11).
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import insert
from web_world import free_port, price, product, section, set_up, start, stop

from connector.storage import tables

REQUESTS, CLIENTS, WORKERS = 480, 12, 4


@pytest.fixture
def api(tmp_path, postgresql_url):
    port = free_port()
    project = set_up(tmp_path / "project", f'[database]\nurl = "{postgresql_url}"\n' + section(port, WORKERS, threads=8))
    numbered = [f"N{number}" for number in range(REQUESTS)]
    app = project.app()
    with app.db.write() as tx:
        tx.execute(insert(tables.products), [product(sku) for sku in numbered])
        tx.execute(insert(tables.prices), [price(sku, 1000 + number) for number, sku in enumerate(numbered)])
        tx.execute(insert(tables.stock), [{"sku": sku, "warehouse": "", "quantity": 5} for sku in numbered])
    app.db.close()
    running = start(project, port)
    yield running
    stop(running)


def test_every_answer_belongs_to_its_request(api):
    def ask(number):
        cart = {"items": [{"id": f"N{number}", "quantity": 1, "seller": "1"}], "country": "BRA", "postalCode": "22051-030"}
        address = f"http://127.0.0.1:{api.port}/pvt/orderForms/simulation"
        answer = requests.post(address, json=cart, timeout=20)
        (item,) = answer.json()["items"]
        return answer.status_code, item["id"], item["price"]

    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(ask, range(REQUESTS)))

    assert len(api.workers()) == WORKERS
    assert answers == [(200, f"N{number}", 1000 + number) for number in range(REQUESTS)]
