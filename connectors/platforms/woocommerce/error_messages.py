"""What the site's refusals mean, and how a person fixes them."""

from typing import Any

from connectors.platforms.woocommerce.php_output import without_messages
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import RequestRejected, Response

_CREATE_KEY = (
    "Create a key with the permission Read/Write for a user with the role Administrator or Shop manager, in "
    "WooCommerce under Settings, Advanced, REST API, and enter both parts of it in the connection."
)
_WEB_PAGE = "The site answered with a web page instead of data"


def error_body(response: Response) -> dict[str, Any]:
    """`{"code", "message", "data": {"status"}}`; empty if the response is not in this format."""
    try:
        body = Response(response.status, response.headers, without_messages(response.content)).json()
    except TryAgainLater:
        return {}
    return body if isinstance(body, dict) else {}


def describe_denial(response: Response) -> tuple[str, str]:
    """What a 401 or 403 means.

    A request without recognized keys is answered like one of a visitor: 401 with a code that ends in `_cannot_view`.
    One with valid keys of a user without the right gets 403 with the same code.
    """
    body = error_body(response)
    code, message = str(body.get("code", "")), str(body.get("message", ""))[:200].lower()
    if not body:
        return (
            f"{_WEB_PAGE} and refused the request ({response.status}). A firewall, a security plug-in or a password "
            "protects it.",
            "Allow requests of SyncCenter to /wp-json/wc/v3 in the firewall or the security plug-in.",
        )
    if "write permissions" in message:
        return "The key may only read.", _CREATE_KEY
    if "read permissions" in message:
        return "The key may only write.", _CREATE_KEY
    if "signature" in message or "secret is invalid" in message:
        return (
            "The site rejected the consumer secret.",
            "Enter consumer key and secret again. If they are right, the site sees another address than the one of "
            "this connection: enter the address exactly as in WordPress under Settings, General.",
        )
    if "timestamp" in message or "nonce" in message:
        return "The site rejected the time of the request.", "Correct the clock of the site's server."
    if code.startswith("woocommerce_rest_authentication"):
        return "The site does not know the consumer key.", _CREATE_KEY
    if response.status == 401:
        return (
            "The site took the request for one of a visitor: it does not know the consumer key, or its server drops "
            "the Authorization header.",
            "Enter the consumer key again. If it is right, set Authentication to query in the settings of the "
            "connection.",
        )
    return "The user of the key may not do this.", _CREATE_KEY


def is_missing_route(error: BaseException) -> bool:
    """Whether the site has an API, but not this part of it."""
    rejection = error if isinstance(error, RequestRejected) else error.__cause__
    return isinstance(rejection, RequestRejected) and error_body(rejection.response).get("code") == "rest_no_route"


def describe_missing_api(error: RequestRejected) -> tuple[str, str]:
    """What a 404 for an address of the API means."""
    if is_missing_route(error):
        return (
            "The site has no WooCommerce REST API of version 3.",
            "Activate WooCommerce 3.5 or later in WordPress under Plugins.",
        )
    return (
        "The site has no REST API at this address.",
        "Choose any permalinks but Plain in WordPress under Settings, Permalinks, or set Permalinks to plain in the "
        "settings of the connection. The URL of the connection is the address of the site, without /wp-json.",
    )


def describe_web_page() -> str:
    return f"{_WEB_PAGE}: a firewall, a cache, or a page about maintenance."


def rejection_reason(body: Any) -> str:
    """The reason as stated by the shop, with the parameters that it names."""
    if not isinstance(body, dict):
        return ""
    data = body.get("data")
    details = data.get("params") or data.get("details") if isinstance(data, dict) else None
    named = [f"{name}: {text}" for name, text in details.items()] if isinstance(details, dict) else []
    return "; ".join(filter(None, [str(body.get("message") or body.get("code") or ""), *named]))[:500]
