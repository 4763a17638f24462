"""VTEX's published OpenAPI as tests read it: the sandbox's own judge, where $VTEX_SCHEMAS names the folder with VTEX's files.

They are VTEX's (github.com/vtex/openapi-schemas), and no part of this project.
"""

import json
import os
from pathlib import Path

import pytest

from connector.sandbox.published import Published

FOLDER = Path(os.environ["VTEX_SCHEMAS"]) if os.environ.get("VTEX_SCHEMAS") else None
JUDGE = Published(FOLDER) if FOLDER else None

needed = pytest.mark.skipif(not FOLDER, reason="VTEX_SCHEMAS names no folder with VTEX's OpenAPI files")


def operations(path, file="vtex-external-seller-fulfillment.json"):
    """Return what VTEX describes at a path, word for word."""
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))["paths"][path]


def example(path):
    """Return the body that VTEX gives as an example of one of a seller's requests."""
    return operations(path)["post"]["requestBody"]["content"]["application/json"]["example"]
