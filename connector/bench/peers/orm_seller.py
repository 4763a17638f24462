"""Carts answered in Falcon with SQLAlchemy's ORM: objects with relationships, Falcon's own JSON.

`get_app` loads each SKU as it comes; `get_joined_app` loads a cart's at once, with their stock and reservations (selectinload).
"""

from __future__ import annotations

from collections.abc import Sequence

import falcon
from sqlalchemy import Engine, ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload
from sqlalchemy.pool import QueuePool

from connector.bench.peers.seller import Offer, answer, connect, wanted


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"
    sku: Mapped[str] = mapped_column(ForeignKey("skus.sku"), primary_key=True)
    warehouse: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]


class Reservation(Base):
    __tablename__ = "reservations"
    order_id: Mapped[str] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("skus.sku"), primary_key=True)
    quantity: Mapped[int]
    released: Mapped[int]


class Sku(Base):
    __tablename__ = "skus"
    sku: Mapped[str] = mapped_column(primary_key=True)
    price_cents: Mapped[int]
    list_price_cents: Mapped[int]
    weight_g: Mapped[int]
    unit: Mapped[str]
    multiplier: Mapped[float]
    stock: Mapped[list[Stock]] = relationship()
    reservations: Mapped[list[Reservation]] = relationship(primaryjoin="and_(Sku.sku == Reservation.sku, Reservation.released == 0)")

    def offer(self) -> Offer:
        free = sum(one.quantity for one in self.stock) - sum(one.quantity for one in self.reservations)
        return Offer(self.price_cents, self.list_price_cents, self.weight_g, self.unit, self.multiplier, max(free, 0))


class Simulations:
    def __init__(self, engine: Engine, *, at_once: bool) -> None:
        self.engine, self.at_once = engine, at_once

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        cart = req.get_media()
        with Session(self.engine) as session:
            resp.media = answer(cart, {one.sku: one.offer() for one in self._load(session, wanted(cart))})

    def _load(self, session: Session, keys: Sequence[str]) -> Sequence[Sku]:
        if not self.at_once:
            return [one for key in keys if (one := session.get(Sku, key)) is not None]
        query = select(Sku).where(Sku.sku.in_(keys)).options(selectinload(Sku.stock), selectinload(Sku.reservations))
        return session.scalars(query).all()


def get_app(database: str, *, at_once: bool = False) -> falcon.App[falcon.Request, falcon.Response]:
    engine = create_engine("sqlite://", creator=lambda: connect(database), poolclass=QueuePool, pool_size=16)
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    app.add_route("/pvt/orderForms/simulation", Simulations(engine, at_once=at_once))
    return app


def get_joined_app(database: str) -> falcon.App[falcon.Request, falcon.Response]:
    return get_app(database, at_once=True)
