"""Settings of each marketplace: `[[marketplaces]]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from connector.settings.errors import misfit
from connector.settings.values import Name, Secret, Section, is_safe


class MarketplaceSettings(Section):
    account: Name
    seller_id: Name
    base_url: str
    suggestions_url: str = ""
    app_key: Annotated[Secret, BeforeValidator(Secret.read)]
    app_token: Annotated[Secret, BeforeValidator(Secret.read)]
    protocol: Literal["current", "2017"] = "current"
    ean_form: Literal["auto", "string", "array"] = "auto"
    currency: str = Field("BRL", pattern=r"^[A-Z]{3}$")
    sales_channels: tuple[str, ...] = ("1",)
    takes_payment: bool = False
    services_hosts: tuple[str, ...] = ()
    post_purchase: Literal["order", "oms"] = "order"
    invoice_value: Literal["integer", "string"] = "integer"
    requests_per_minute: int = Field(2500, ge=1)
    concurrency: int = Field(16, ge=1, le=512)

    @model_validator(mode="after")
    def _addresses(self) -> MarketplaceSettings:
        for key in ("base_url", "suggestions_url"):
            address = getattr(self, key)
            if address and not is_safe(address):
                raise misfit(key, address, "an https address (http on loopback alone)")
        return self

    @property
    def suggestions(self) -> str:
        return self.suggestions_url or f"https://api.vtex.com/{self.account}"
