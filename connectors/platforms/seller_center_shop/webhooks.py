"""The shop's callbacks: the results for the products in its queue."""

from typing import Any

from connectors.platforms.seller_center_shop import rpc
from connectors.platforms.seller_center_shop.client import ShopClient
from connectors.sdk.account import Account
from connectors.sdk.webhooks import Receipt, Webhooks


class ShopCallbacks(Webhooks[ShopClient]):
    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        return {"json_rpc": account.credentials.callback_key.get_secret_value()}

    @classmethod
    def read_receipts(cls, payload: dict[str, Any]) -> list[Receipt]:
        """`payload` is one call of the shop's JSON-RPC batch (connectors.webhooks.json_rpc)."""
        return rpc.receipts(payload)
