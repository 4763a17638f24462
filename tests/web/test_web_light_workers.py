"""Workers of the API stay light: what only jobs need is not loaded by them."""

import json
import subprocess
import sys

HEAVY = ("pandas", "numpy", "paramiko", "requests", "apscheduler", "openpyxl", "connector.erp.sftp")


def loaded(code):
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; import json, sys; print(json.dumps(sorted(sys.modules)))"], capture_output=True, check=True
    )
    return set(json.loads(found.stdout))


def test_importing_the_application_loads_neither_pandas_nor_paramiko():
    assert not loaded("import connector.web.wsgi") & set(HEAVY)


def test_importing_the_server_s_settings_loads_no_metrics(project, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CONNECTOR_CONFIG", str(project().config))

    assert "prometheus_client" not in loaded("import connector.web.gunicorn_conf")


def test_answering_simulations_loads_nothing_heavy_either(project, monkeypatch):
    monkeypatch.setenv("CONNECTOR_CONFIG", str(project().config))
    code = """
from falcon.testing import TestClient
from connector.web.wsgi import get_app
client = TestClient(get_app(), headers={'Host': 'localhost'})
assert client.simulate_post('/pvt/orderForms/simulation', json={'items': [{'id': '100', 'quantity': 1}]}).json['items']
assert client.simulate_get('/metrics').status_code == client.simulate_get('/readyz').status_code == 200
assert client.simulate_get('/openapi.json').status_code == 200
import json, sys"""

    assert not loaded(code) & {"pandas", "numpy", "paramiko"}
