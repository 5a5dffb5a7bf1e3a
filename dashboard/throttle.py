"""Guessing passwords is slow: after ten failures an address, from one place, must wait."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import AuditEvent
from accounts.services import record_audit_event

FAILURES = 10
WINDOW = timedelta(minutes=15)
_ACTION = "login.failed"


def is_locked(email: str, ip_address: str, *, now: datetime | None = None) -> bool:
    """Whether this address has failed too often from this network address within the window."""
    now = now or timezone.now()
    failures = AuditEvent.objects.filter(at__gt=now - WINDOW, action=_ACTION, target=_fingerprint(email, ip_address))
    return failures.count() >= FAILURES


def record_failure(email: str, ip_address: str) -> None:
    """Kept in the audit trail, so that all web processes count together. Holds no address, only its mark."""
    record_audit_event(user=None, action=_ACTION, target=_fingerprint(email, ip_address))


def _fingerprint(email: str, ip_address: str) -> str:
    return salted_hmac("dashboard.throttle", f"{email.strip().lower()} {ip_address}", algorithm="sha256").hexdigest()[
        :32
    ]
