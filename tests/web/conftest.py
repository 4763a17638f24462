"""Fixtures of the web tests; what they are made of is in web_world.py."""

from itertools import count

import pytest
from web_world import Project, Running, free_port, section, set_up, start, stop


@pytest.fixture
def project(tmp_path):
    """Make a project with the settings given, its snapshot filled."""
    number = count()

    def make(settings: str = "", **how) -> Project:
        return set_up(tmp_path / f"project-{next(number)}", settings, **how)

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
        running = start(project(section(port, workers, threads) + settings), port)
        started.append(running)
        return running

    yield run
    for running in started:
        stop(running)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One real server for tests that leave nothing behind."""
    port = free_port()
    running = start(set_up(tmp_path_factory.mktemp("shared") / "project", section(port, workers=2)), port)
    yield running
    stop(running)
