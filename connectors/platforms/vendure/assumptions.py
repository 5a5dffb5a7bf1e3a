"""What Vendure's documentation leaves open, and how a connection test settles it (V6)."""

from connectors.platforms.vendure.client import SourceClient
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown

_PRICES = """
query Prices {
  productVariants(options: { take: 50, sort: { id: DESC } }) {
    items { price priceWithTax currencyCode prices { price currencyCode } }
  }
}
"""


def _entered_prices(client: SourceClient) -> Finding:
    """Compares the entered prices with those that are computed from them."""
    items = client.query(_PRICES).get("productVariants", {}).get("items", [])
    name = "priceWithTax" if client.channel.pricesIncludeTax else "price"
    compared = [
        each["price"] == item[name]
        for item in items
        for each in item["prices"]
        if each["currencyCode"] == item["currencyCode"]
    ]
    if not compared:
        return unknown("None of the variants that were read has a price.")
    if other := compared.count(False):
        setting = "with_tax" if client.channel.pricesIncludeTax else "without_tax"
        return refuted(f"Not so for {other} of {len(compared)} variants.", prices=setting)
    return confirmed(f"True for {len(compared)} variants.")


SOURCE_ASSUMPTIONS = (
    Assumption(
        "entered_prices",
        "Shops sell at the prices that are entered in the channel; no strategy of the server computes others.",
        _entered_prices,
    ),
)
TARGET_ASSUMPTIONS = (
    Assumption("unique_skus", "No two products of the channel have variants with the same SKU; Vendure allows it."),
)
