"""What Shopify's errors mean, and how to fix them."""

import re
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.graphql import GraphQLError
from connectors.sdk.responses import RequestRejected, Response, describe_denial

THROTTLED = "THROTTLED"
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")


def is_denied(error: GraphQLError) -> bool:
    return error.code == "ACCESS_DENIED" or error.message.startswith("Access denied")


def is_about_node(error: GraphQLError, path: tuple[str, ...]) -> bool:
    """Whether an error is about one node of the list at `path`, and not about the call or the rights of the app."""
    if error.code == THROTTLED or is_denied(error):
        return False
    return error.path[: len(path)] == path and isinstance(next(iter(error.path[len(path) :]), None), int)


def denied(error: GraphQLError) -> NeedsAttention:
    """Names the missing scope: Shopify says `Required access: `read_orders` access scope`."""
    field = ".".join(str(each) for each in error.path if isinstance(each, str))
    wanted = str(error.extensions.get("requiredAccess") or error.message)
    if scopes := sorted(set(_SCOPE.findall(wanted))):
        fix = f"Add {', '.join(scopes)} to the access scopes of the app, and install the app in the store again."
    else:
        fix = "Request access to protected customer data for the app, and grant the app the scope that Shopify names."
    return NeedsAttention(f"Shopify refused access to {field or 'the data'}: {wanted[:300]}", fix=fix, status=403)


def describe_refusal(response: Response) -> tuple[str, str]:
    """What a 401 or 403 means."""
    message, fix = describe_denial(response)
    if response.status == 401:
        fix = "Enter a new access token, or install the app in the store again."
    return message, fix


def unavailable(error: RequestRejected) -> NeedsAttention | None:
    """What a rejected request says about the whole store; None if it is about the request.

    Source: https://shopify.dev/docs/api/usage/response-codes
    """
    if error.status == 402:
        message, fix = "Shopify has frozen the store.", "The store's owner has to pay its open invoices in Shopify."
    elif error.status == 404:
        message = f"No store found at this URL ({error.status})."
        fix = "Enter the store's address in Shopify, such as https://example.myshopify.com, without a path."
    else:
        return None
    return NeedsAttention(message, fix=fix, status=error.status)


def user_error(errors: Any) -> SkipRecord | None:
    """The error for `userErrors` of a mutation; None if there are none."""
    texts = [_text(each) for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    return SkipRecord(issues.REJECTED(reason="; ".join(texts)[:600])) if texts else None


def _text(error: dict[str, Any]) -> str:
    path = error.get("field")
    field = ".".join(str(each) for each in path) if isinstance(path, list) else ""
    message = str(error.get("message") or error.get("code") or "")
    return f"{field}: {message}" if field else message
