"""Settings of what is kept back of every SKU's stock: `[stock]`."""

from __future__ import annotations

from pydantic import Field, model_validator

from connector.settings.errors import misfit
from connector.settings.values import Section


class SafetyRule(Section):
    sku: str = ""
    category: str = ""
    quantity: int = Field(ge=0, le=10**9)

    @model_validator(mode="after")
    def _one_of_them(self) -> SafetyRule:
        if bool(self.sku) == bool(self.category):
            raise misfit("sku", "both or neither of sku and category", "sku, or category (a pattern such as Casa/*)")
        return self


class StockSettings(Section):
    safety: int = Field(0, ge=0, le=10**9)
    safety_rules: tuple[SafetyRule, ...] = ()
