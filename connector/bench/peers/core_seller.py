"""Carts answered in Falcon with SQLAlchemy Core: one select a cart, orjson."""

from __future__ import annotations

import falcon
import orjson
from sqlalchemy import Engine, Integer, Select, Text, and_, bindparam, column, create_engine, func, select, table
from sqlalchemy.pool import QueuePool

from connector.bench.peers.seller import answer, connect, offer, wanted

skus = table("skus", *(column(name) for name in ("sku", "price_cents", "list_price_cents", "weight_g", "unit", "multiplier")))
stock = table("stock", column("sku", Text), column("quantity", Integer))
reservations = table("reservations", column("sku", Text), column("quantity", Integer), column("released", Integer))


def statement() -> Select[tuple[object, ...]]:
    is_open = and_(reservations.c.sku == skus.c.sku, reservations.c.released == 0)
    in_stock = select(func.sum(stock.c.quantity)).where(stock.c.sku == skus.c.sku).scalar_subquery()
    taken = select(func.sum(reservations.c.quantity)).where(is_open).scalar_subquery()
    return select(*skus.c, in_stock, taken).where(skus.c.sku.in_(bindparam("skus", expanding=True)))


class Simulations:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.statement = engine, statement()

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        cart = orjson.loads(req.bounded_stream.read())
        with self.engine.connect() as tx:
            rows = tx.execute(self.statement, {"skus": wanted(cart)}).all()
        found = dict(map(offer, rows))
        resp.content_type = falcon.MEDIA_JSON
        resp.data = orjson.dumps(answer(cart, found))


def get_app(database: str) -> falcon.App[falcon.Request, falcon.Response]:
    engine = create_engine("sqlite://", creator=lambda: connect(database), poolclass=QueuePool, pool_size=16)
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    app.add_route("/pvt/orderForms/simulation", Simulations(engine))
    return app
