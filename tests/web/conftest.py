"""Fixtures of the web tests; what they are made of is in web_world.py."""

import pytest
from web_world import SHIPPING, Project, Running, fill, free_port, marketplace, start, stop

from connector.storage.database import migrate


@pytest.fixture
def project(tmp_path):
    """Make a project with the settings given (TOML below the usual ones), its snapshot filled."""
    made = []

    def make(settings: str = "", *, accounts=("acme-market",), filled=True) -> Project:
        found = Project(tmp_path / f"project-{len(made)}")
        found.config.parent.mkdir(parents=True)
        found.config.write_text("".join([settings, SHIPPING, *map(marketplace, accounts)]))
        app = found.app()
        migrate(app.db)
        if filled:
            fill(app)
        app.db.close()
        made.append(found)
        return found

    return make


@pytest.fixture
def secrets(monkeypatch):
    """Put secrets where the settings find them."""
    for name, value in {"PATH_TOKEN": "t0ken-of-the-path", "KEY": "the-key", "TOKEN": "tökén", "PASSWORD": "senha boa"}.items():
        monkeypatch.setenv(f"TEST_{name}", value)


@pytest.fixture
def serve(project):
    """Start the real server over a project with these settings."""
    started = []

    def run(settings: str = "", *, workers=2, threads=16) -> Running:
        port = free_port()
        section = f'[api]\nbind = "127.0.0.1:{port}"\nworkers = {workers}\nthreads = {threads}\n'
        running = start(project(section + settings), port)
        started.append(running)
        return running

    yield run
    for running in started:
        stop(running)
