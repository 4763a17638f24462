"""Carts answered in Flask with sqlite3: one query a cart, a connection for each thread, Flask's own JSON."""

from __future__ import annotations

import threading
from typing import Any

from connector.bench.peers.seller import answer, connect, offers, wanted


def get_app(database: str) -> Any:
    from flask import Flask, jsonify, request

    app, local = Flask("seller"), threading.local()

    def simulate() -> Any:
        db = getattr(local, "db", None)
        if db is None:
            db = local.db = connect(database)
        cart = request.get_json()
        return jsonify(answer(cart, offers(db, wanted(cart))))

    app.add_url_rule("/pvt/orderForms/simulation", view_func=simulate, methods=["POST"])
    return app
