"""The rows of the Admin API that several streams read. Amounts are whole numbers in minor units."""

from connectors.sdk.api_model import ApiModel, Text


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
