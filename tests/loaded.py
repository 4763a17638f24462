"""Imports all of ours, in a process that forks: what is started a thousand times need not be imported a thousand times."""

import gc
import importlib
import pkgutil

import connector
import jobs

APART = ("connector.__main__", "connector.bench", "connector.storage.migrations", "connector.web")
"""What runs when it is imported, what starts processes of its own, and what takes prometheus-client as the environment has it then."""


def load(*others):
    """Import all but what is apart, and these others; from here on nobody looks for circles in them."""
    found = [module.name for package in (connector, jobs) for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in (*found, *others):
        if name in others or not name.startswith(APART):
            importlib.import_module(name)
    gc.freeze()
