"""Installing the app in a store.

Source: https://shopify.dev/docs/apps/build/authentication-authorization/authenticate-standalone-apps
"""

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from connectors.platforms.shopify.assumptions import READ_SCOPES
from connectors.platforms.shopify.authentication import TOKEN_PATH
from connectors.sdk import clock
from connectors.sdk.installation import App, Grant, Installation, InstallationRefused
from connectors.sdk.oauth2 import TokenEndpoint, lifetime
from connectors.sdk.tokens import TokenPair

_STORE = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com")
_ADMIN = re.compile(r"(?:https://)?admin\.shopify\.com/store/([a-z0-9-]+)(?:[/?].*)?")


class ShopifyInstallation(Installation):
    """Shopify has no PKCE; it signs its answer with the app's secret instead. Tokens are asked for that expire."""

    authorize_path = "/admin/oauth/authorize"
    token_endpoint = TokenEndpoint(
        TOKEN_PATH, platform="Shopify", fix="Start the installation again: a code can be used once."
    )
    scopes = (
        *READ_SCOPES,
        "read_merchant_managed_fulfillment_orders",
        "write_merchant_managed_fulfillment_orders",
    )
    scope_separator = ","
    sends_response_type = False

    @classmethod
    def account_url(cls, text: str) -> str:
        entered = text.strip().lower()
        if found := _ADMIN.fullmatch(entered):
            entered = found[1]
        host = entered.removeprefix("https://").rstrip("/")
        host = host if "." in host else f"{host}.myshopify.com"
        if not _STORE.fullmatch(host):
            raise ValueError("Enter the store's address in Shopify, such as example.myshopify.com.")
        return f"https://{host}"

    @classmethod
    def verify(cls, app: App, account_url: str, answer: Mapping[str, str]) -> None:
        """The signature covers all other parameters, sorted by name; `shop` is the store that was asked."""
        signed = urlencode(sorted((name, value) for name, value in answer.items() if name not in ("hmac", "signature")))
        wanted = hmac.new(app.client_secret.encode(), signed.encode(), sha256).hexdigest()
        if not hmac.compare_digest(answer.get("hmac", "").encode(), wanted.encode()):
            raise InstallationRefused("The answer is not signed by Shopify.")
        if answer.get("shop") != account_url.partition("://")[2]:
            raise InstallationRefused("Another store than the one that was asked for has answered.")

    @classmethod
    def token_fields(cls) -> dict[str, str]:
        return {"expiring": "1"}

    @classmethod
    def grant(cls, app: App, answer: dict[str, Any]) -> Grant:
        granted = {each.strip() for each in str(answer.get("scope", "")).split(",")}
        granted |= {each.replace("write_", "read_", 1) for each in granted}
        if missing := [each for each in cls.scopes if each not in granted]:
            raise InstallationRefused(f"The store did not grant {', '.join(missing)}.")
        credentials = {"client_id": app.client_id}  # the secret stays in one place: Account.app_secret
        token, refresh = str(answer["access_token"]), answer.get("refresh_token")
        if not isinstance(refresh, str) or not refresh:
            return Grant(credentials | {"access_token": token})
        expires_at = clock.now() + timedelta(seconds=lifetime(answer))
        return Grant(credentials, TokenPair(token, refresh, expires_at))
