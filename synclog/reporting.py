"""Sync logs reported through the API by platforms that sync on their own (D16–D18, D22).

Each function is one transaction that locks the log's row, so that reports about the same log are serialized.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Seller, User
from accounts.services import counted, record_audit_event
from hub.models import Connection
from synclog.models import Issue, SyncLog
from synclog.services import IssueDraft, resolve_by_external_ids, upsert_issues

TIMESTAMPS = ("started_full_sync", "last_full_sync", "last_full_sync_succeeded")


@transaction.atomic
def record_full_sync(
    *,
    seller: Seller,
    integration: str,
    data_type: str,
    timestamps: Mapping[str, Any],
    errors: Sequence[IssueDraft],
    now: datetime,
) -> SyncLog:
    """Replace the log: missing timestamps are cleared, errors that are not listed are resolved (D16)."""
    log = _locked_log(seller, integration, data_type)
    for name in TIMESTAMPS:
        setattr(log, name, timestamps.get(name))
    log.save(update_fields=TIMESTAMPS)
    reported = [error.external_id for error in errors]
    Issue.objects.filter(sync_log=log, resolved_at=None).exclude(external_id__in=reported).update(resolved_at=now)
    upsert_issues(log=log, job=None, drafts=errors, now=now)
    return log


@transaction.atomic
def record_partial_sync(
    *,
    seller: Seller,
    integration: str,
    data_type: str,
    timestamps: Mapping[str, Any],
    errors: Sequence[IssueDraft],
    resolved: Collection[str],
    now: datetime,
) -> SyncLog:
    """Update the log: missing timestamps are kept, errors with a known external ID are replaced (D17, D18)."""
    log = _locked_log(seller, integration, data_type)
    for name, value in timestamps.items():
        setattr(log, name, value)
    log.last_update = now
    log.save(update_fields=[*timestamps, "last_update"])
    resolve_by_external_ids(log=log, external_ids=resolved, now=now)
    upsert_issues(log=log, job=None, drafts=errors, now=now)
    return log


@transaction.atomic
def delete_logs(*, seller: Seller, by: User | None, **only: str) -> int:
    """Delete the seller's sync logs and their issues, filtered by the fields in `only` (D22). Returns how many logs."""
    logs = SyncLog.objects.filter(seller=seller, **only)
    number = logs.count()
    if number:
        record_audit_event(user=by, action="synclog.delete", target=counted(number, "sync log"), seller=seller, **only)
        logs.delete()
    return number


def _locked_log(seller: Seller, integration: str, data_type: str) -> SyncLog:
    log, _ = SyncLog.objects.get_or_create(
        seller=seller,
        integration=integration,
        data_type=data_type,
        # Logs of a connection are deleted when it is uninstalled.
        defaults={"connection": Connection.objects.filter(seller=seller, slug=integration).first()},
    )
    return SyncLog.objects.select_for_update().get(pk=log.pk)
