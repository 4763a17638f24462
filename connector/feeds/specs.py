"""Columns that belong together by a prefix of their names: `product_spec:NAME`, `sku_spec:NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.feeds.columns import MOST_REMEMBERED, Bad
from connector.feeds.feed import Feed
from connector.feeds.values import BadValue, Context, as_json, free_text
from connector.formats.numbers import BLANKS


class GroupReader(dict[tuple[str, ...], Any]):
    """Gathers a group's columns into JSON text {name: value} without the empty ones; remembers what it wrote, since specs repeat."""

    def __init__(self, feed: Feed, field: str, names: Sequence[str], context: Context) -> None:
        super().__init__()
        self.field = field
        self._context = context
        members = [(at, group[1]) for at, name in enumerate(names) if (group := feed.group(name)) and group[0] == field]
        self._places = [at for at, _ in members]
        self._members = [name for _, name in members]
        self.misses = 0

    @property
    def is_there(self) -> bool:
        """Say whether the file has any of the group's columns."""
        return bool(self._places)

    def __missing__(self, cells: tuple[str, ...]) -> Any:
        try:
            plain = [free_text(cell.strip(BLANKS), self._context) for cell in cells]
        except BadValue as error:
            self.misses += 1
            return Bad(str(error))
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[cells] = text = as_json({name: cell for name, cell in zip(self._members, plain, strict=True) if cell})
        return text

    def column(self, columns: Sequence[Sequence[str]], count: int) -> list[Any]:
        """Return the group's JSON text of each of `count` rows."""
        if not self._places:
            return ["{}"] * count
        return list(map(self.__getitem__, zip(*(columns[at] for at in self._places), strict=True)))
