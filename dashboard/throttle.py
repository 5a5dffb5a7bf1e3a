"""Login throttling: after ten failures, an email address is locked for its IP address for up to 15 minutes."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import AuditEvent
from accounts.services import record_audit_event

FAILURES = 10
WINDOW = timedelta(minutes=15)
_ACTION = "login.failed"


def is_locked(email: str, ip_address: str, *, now: datetime | None = None) -> bool:
    """Whether this email address has failed too often from this IP address within the window."""
    now = now or timezone.now()
    failures = AuditEvent.objects.filter(at__gt=now - WINDOW, action=_ACTION, target=_fingerprint(email, ip_address))
    return failures.count() >= FAILURES


def record_failure(email: str, ip_address: str) -> None:
    """Record a failed login in the audit log, which all web processes share. Stores a fingerprint, no address."""
    record_audit_event(user=None, action=_ACTION, target=_fingerprint(email, ip_address))


def _fingerprint(email: str, ip_address: str) -> str:
    return salted_hmac("dashboard.throttle", f"{email.strip().lower()} {ip_address}", algorithm="sha256").hexdigest()[
        :32
    ]
