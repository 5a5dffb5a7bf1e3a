"""The rows of the Admin API that several streams read. Amounts are whole numbers in minor units."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from connectors.sdk.listing_protocol import Text


class ApiModel(BaseModel):
    """Null is treated as missing; IDs may be numbers or text."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        return {name: value for name, value in raw.items() if value is not None} if isinstance(raw, dict) else raw


class Channel(ApiModel):
    """`activeChannel`. Entered prices include tax if `pricesIncludeTax`."""

    id: Text
    code: Text
    defaultCurrencyCode: Text
    defaultLanguageCode: Text = ""
    pricesIncludeTax: bool = False
    trackInventory: bool | None = None
    outOfStockThreshold: int | None = None


class ServerConfig(ApiModel):
    """`moneyStrategyPrecision`: the places of amounts, whatever the currency."""

    moneyStrategyPrecision: int = 2


class GlobalSettings(ApiModel):
    trackInventory: bool = True
    outOfStockThreshold: int = 0
    serverConfig: ServerConfig = ServerConfig()
