"""Schemes that verify webhook calls. Each compares in constant time and raises `Untrusted` with a public reason."""

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

TOLERANCE = timedelta(minutes=5)
SECRET_HEADER = "X-SyncCenter-Secret"  # noqa: S105 - the header's name
SIGNATURE_HEADER = "X-SyncCenter-Signature"
TIMESTAMP_HEADER = "X-SyncCenter-Timestamp"
# Schemes of platforms that sign the body alone: base64 of its HMAC-SHA256 in this header.
BODY_SIGNATURES = {"woocommerce": "X-WC-Webhook-Signature"}
_ID_HEADER = "webhook-id"
_SHOPIFY_SIGNATURE = "X-Shopify-Hmac-SHA256"
_SHOPIFY_ID = "X-Shopify-Webhook-Id"
_SECONDS = re.compile(r"[0-9]{1,11}")


class Untrusted(Exception):
    """The sender of the call cannot be verified. The text is one of a few fixed reasons, so that it can be counted;
    `answer` is a response body in the sender's format, as JSON types."""

    def __init__(self, reason: str, *, answer: Any = None) -> None:
        super().__init__(reason)
        self.answer = answer


def verify(secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Verify the call by the scheme that its headers use. Returns the sender's unique ID of the call, or "".

    `secrets` maps scheme (`standard`, `header`, `hmac`, `shopify`, those of `BODY_SIGNATURES`) to secret.
    Raises Untrusted.
    """
    if _SHOPIFY_SIGNATURE in headers and "shopify" in secrets:
        return _shopify(secrets, headers, body)
    for scheme, name in BODY_SIGNATURES.items():
        if name in headers and scheme in secrets:
            _body_signature(secrets[scheme], headers[name], body)
            return ""
    if _ID_HEADER in headers and "standard" in secrets:
        return _standard(secrets["standard"], headers, body, now)
    if SIGNATURE_HEADER in headers and "hmac" in secrets:
        return _hmac(secrets["hmac"], headers, body, now)
    if SECRET_HEADER in headers and "header" in secrets:
        if not hmac.compare_digest(headers[SECRET_HEADER].encode(), secrets["header"].encode()):
            raise Untrusted("wrong secret")
        return ""
    raise Untrusted("no known signature")


def _body_signature(secret: str, given: str, body: bytes) -> None:
    wanted = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest())
    if not hmac.compare_digest(given.strip().encode(), wanted):
        raise Untrusted("wrong signature")


def _shopify(secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> str:
    """Base64 HMAC-SHA256 over the raw body; after a change of the app's secret also with the one before, for as long
    as that one is in the connection's credentials: it has to be removed there.

    The ID is the same on each retry of a delivery. There is no time in the signature, so a call can be repeated: that
    only fetches the item again.
    """
    given = headers[_SHOPIFY_SIGNATURE].encode()
    used = (secret for scheme in ("shopify", "shopify_previous") if (secret := secrets.get(scheme)))
    signatures = [base64.b64encode(hmac.digest(secret.encode(), body, "sha256")) for secret in used]
    if not any(hmac.compare_digest(given, each) for each in signatures):
        raise Untrusted("wrong signature")
    return headers.get(_SHOPIFY_ID, "")[:200]


def _standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Standard Webhooks: the key is the app's secret in base64; the timestamp may be off by five minutes."""
    wanted = {name: headers.get(name, "") for name in (_ID_HEADER, "webhook-timestamp", "webhook-signature")}
    _check_time(wanted["webhook-timestamp"], now)
    try:
        Webhook(base64.b64encode(secret.encode()).decode()).verify(body, wanted, json_parse=False)
    except WebhookVerificationError as error:
        raise Untrusted("wrong signature") from error
    except ValueError as error:  # no base64, no version, or a body that is not text
        raise Untrusted("malformed signature") from error
    return wanted[_ID_HEADER][:200]


def _hmac(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Our own scheme, for systems without one: hex HMAC-SHA256 over `timestamp.body`, timestamp in Unix seconds."""
    stamp = headers.get(TIMESTAMP_HEADER, "")
    _check_time(stamp, now)
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    if not hmac.compare_digest(headers[SIGNATURE_HEADER].lower().encode(), wanted.encode()):
        raise Untrusted("wrong signature")
    return ""


def _check_time(stamp: str, now: datetime) -> None:
    """Check the age of a call. `stamp` is in whole Unix seconds."""
    if not _SECONDS.fullmatch(stamp):
        raise Untrusted("malformed timestamp")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > TOLERANCE:
        raise Untrusted("too old or too new")
