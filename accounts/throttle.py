"""Login throttling, counted in the audit log, which all web processes share.

Nobody can lock a stranger's account: failures limit the client address that they come from, and failures from many
addresses at one account only make each of these addresses wait longer. Rejected attempts are not counted, because
their passwords were not checked.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import AuditEvent, User
from accounts.services import record_audit_event

WINDOW = timedelta(minutes=15)
# Failures within the window after which an address waits: for one account, and for any account (password spraying).
FAILURES = 10
ADDRESS_FAILURES = 30
# Failures at one account, from all addresses, after which an address that has failed waits after each attempt.
ACCOUNT_FAILURES = 20
SLOW_DOWN = timedelta(minutes=1)


def wait_time(email: str, ip_address: str | None, *, now: datetime | None = None) -> timedelta:
    """How long this client has to wait before the next attempt at this account; zero or less if it need not wait."""
    now = now or timezone.now()
    account = _fingerprint(email)
    failures = AuditEvent.objects.filter(at__gt=now - WINDOW, action="login.failed").order_by("-at")
    here = list(_from_network(failures, ip_address).values_list("at", "target")[: 2 * ADDRESS_FAILURES])
    at_account = [at for at, target in here if target == account]
    ends = [now]
    if len(here) >= ADDRESS_FAILURES:
        ends.append(here[ADDRESS_FAILURES - 1][0] + WINDOW)
    if len(at_account) >= FAILURES:
        ends.append(at_account[FAILURES - 1] + WINDOW)
    if at_account and failures.filter(target=account).count() >= ACCOUNT_FAILURES:
        ends.append(at_account[0] + SLOW_DOWN)
    return max(ends) - now


def record_failure(email: str) -> None:
    """Record a wrong password with the client's address. Stores a fingerprint of the email address, not the address
    itself: people also type passwords there.
    """
    user = User.objects.filter(email__iexact=email.strip()).only("pk").first()
    detail: dict[str, Any] = {"account": f"user {user.pk}"} if user else {}
    record_audit_event(user=None, action="login.failed", target=_fingerprint(email), **detail)


def _from_network(failures: QuerySet[AuditEvent], ip_address: str | None) -> QuerySet[AuditEvent]:
    """Failures from this address. A provider usually gives one customer a whole /64 network of IPv6 addresses."""
    if ip_address is None or ipaddress.ip_address(ip_address).version == 4:
        return failures.filter(ip_address=ip_address)
    network = ipaddress.ip_network(f"{ip_address}/64", strict=False)
    return failures.filter(ip_address__gte=str(network[0]), ip_address__lte=str(network[-1]))


def _fingerprint(email: str) -> str:
    # Upper case first: `ſ` and `ı` are other spellings of `s` and `i`, by which PostgreSQL finds the same account.
    return salted_hmac("dashboard.throttle", email.strip().upper().lower(), algorithm="sha256").hexdigest()[:32]
