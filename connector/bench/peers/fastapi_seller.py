"""Carts answered in FastAPI on uvicorn with sqlite3 and orjson, in the event loop: a query of ten SKUs is shorter than the way to a thread.

`python -m connector.bench.peers.fastapi_seller DATABASE PORT` serves it.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson

from connector.bench.peers.seller import answer, connect, offers, wanted


def get_app(database: str) -> Any:
    from fastapi import FastAPI, Request, Response

    app, db = FastAPI(), connect(database)

    async def simulate(request: Any) -> Any:
        cart = orjson.loads(await request.body())
        return Response(orjson.dumps(answer(cart, offers(db, wanted(cart)))), media_type="application/json")

    simulate.__annotations__ = {"request": Request}  # FastAPI goes by annotations, and is imported above only
    app.add_api_route("/pvt/orderForms/simulation", simulate, methods=["POST"])
    return app


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(get_app(sys.argv[1]), port=int(sys.argv[2]), access_log=False, log_level="warning")
