"""Signatures over the parameters of a request, for platforms that expect them in the URL."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode


def sign(parameters: Mapping[str, str], key: str) -> str:
    """Hex HMAC-SHA256 over all parameters except `Signature`: sorted by name, encoded by RFC 3986, joined by `&`."""
    named = sorted((name, value) for name, value in parameters.items() if name != "Signature")
    text = urlencode(named, safe="", quote_via=quote)
    return hmac.new(key.encode(), text.encode(), sha256).hexdigest()


def signed(parameters: Mapping[str, str], *, service: str, key: str, now: datetime) -> dict[str, str]:
    """The parameters with the name of the calling service, the time (to the second, UTC) and the signature.

    The vendor's example has no colon in the offset (sellercenter-oms-api-endpoint/api-specification).
    """
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
    complete = {**parameters, "ServiceName": service, "Timestamp": stamp}
    return complete | {"Signature": sign(complete, key)}
