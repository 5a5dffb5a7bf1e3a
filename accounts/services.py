"""Making keys and recording what people did."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, DropshipAgreement, Seller, User

SCOPES = {
    "sync:read": "read runs, issues and sync logs",
    "sync:trigger": "start and cancel syncs",
    "customers:write": "make and change customers, as B2B fronts do",
    "synclog:write": "write sync logs",
    "feeds:read": "fetch product, inventory and image feeds",
}


def hash_key(key: str) -> str:
    """SHA-256 in hex. Keys carry 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(
    *,
    name: str,
    scopes: list[str],
    seller: Seller | None = None,
    user: User | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can read again. ValueError for a scope that does not exist."""
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        raise ValueError(f"scopes: {', '.join(unknown)} do not exist; choose from {', '.join(SCOPES)}.")
    prefix = "sc_" + secrets.token_hex(4)
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        seller=seller,
        user=user,
        scopes=sorted(set(scopes)),
        prefix=prefix,
        key_hash=hash_key(text),
        expires_at=expires_at,
    )
    return key, text


def find_api_key(text: str, *, now: datetime | None = None) -> ApiKey | None:
    """The valid key with this text, or None. The hash is compared in constant time."""
    now = now or timezone.now()
    prefix = text[:11]
    key = (
        ApiKey.objects.select_related("seller", "user")
        .filter(prefix=prefix, revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .first()
    )
    if key is None or not hmac.compare_digest(key.key_hash, hash_key(text)):
        return None
    if key.user is not None and not key.user.is_active:
        return None
    # Once an hour is enough to see that a key is in use; a write on every call would not be.
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 3600:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def revoke_api_key(*, key: ApiKey, now: datetime | None = None) -> None:
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now or timezone.now())


@transaction.atomic
def save_agreement(*, agreement: DropshipAgreement, by: User | None) -> DropshipAgreement:
    """Make an agreement, or change its name, its state or its beginning (S9). ValidationError that names the field."""
    agreement.name_on_lines = agreement.name_on_lines.strip()
    agreement.full_clean()
    is_new = agreement.pk is None
    agreement.save()
    record_audit_event(
        user=by,
        action="agreement.add" if is_new else "agreement.change",
        target=agreement,
        seller=agreement.seller,
        name_on_lines=agreement.name_on_lines,
        active=agreement.active,
        since=agreement.since.isoformat(),
    )
    return agreement


def record_audit_event(
    *, user: User | None, action: str, target: object = "", seller: Seller | None = None, **detail: Any
) -> AuditEvent:
    """Write one line of the audit trail. `detail` must be JSON and hold no secret."""
    return AuditEvent.objects.create(user=user, action=action, target=str(target)[:200], seller=seller, detail=detail)
