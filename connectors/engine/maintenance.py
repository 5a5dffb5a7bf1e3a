"""The sweeper finds work that a lost message or worker left behind; `prune` deletes old rows and files."""

from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.apps import apps
from django.db import transaction
from django.db.models import Model

from connectors.engine.due_prices import apply_due
from connectors.engine.events import wake_lanes_with_events
from connectors.engine.feeds.files import prune_files
from connectors.engine.settling.full_runs import finish_full_run
from connectors.webhooks.partitions import maintain_partitions
from hub import lanes, runs, workers
from hub.models import Run, SeenExternalId
from hub.retention import parse_retention
from hub.services import start_due_runs

_RECOVERY_INTERVAL = timedelta(seconds=20)
_DELETE_BATCH = 1000
_last_recovery: dict[str, datetime] = {}


def sweep(*, now: datetime) -> bool:
    """Start due runs, apply prices that begin or end, wake lanes with work, close runs that were left open. True if a
    worker is needed.

    Safe to run concurrently: conditional updates and row locks prevent conflicts.
    """
    started = start_due_runs(now=now)
    repriced = apply_due(now=now)
    woken = lanes.sweep() + wake_lanes_with_events()
    last = _last_recovery.get("at")
    if last is None or now - last > _RECOVERY_INTERVAL:
        _last_recovery["at"] = now
        lanes.reconcile_shares()
        woken += lanes.wake_missed_lanes()
        close_stuck_runs(now=now)
        workers.delete_stale(now=now)
    return bool(started or repriced or woken or lanes.has_waiting_work(workers=workers.count_alive(now=now)))


def close_stuck_runs(*, now: datetime) -> None:
    """Close runs that are still open although none of their changes are left. A safety net: normally the last outcome
    closes a run."""
    with transaction.atomic():
        for run in runs.find_stuck_runs():
            if runs.close(run=run, now=now):
                finish_full_run(run, now)


def prune(*, now: datetime) -> None:
    """Delete rows older than their table's retention (`RETENTION` in each app's policy), and files without a row."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    for app in apps.get_app_configs():
        for table, text in getattr(_policy_of(app.name), "RETENTION", {}).items():
            retention = parse_retention(text)
            if retention.days is None:
                continue
            if retention.column is None:
                maintain_partitions(table, days=retention.days, now=now)
            else:
                _delete_older(models[table], retention.column, now - timedelta(days=retention.days))
    SeenExternalId.objects.exclude(run__state__in=Run.OPEN).delete()  # of failed or canceled comparisons
    # A file is written a little before its row names it.
    prune_files(before=now - timedelta(days=1))


def _policy_of(app: str) -> ModuleType | None:
    return import_module(f"{app}.policy") if find_spec(f"{app}.policy") else None


def _delete_older(model: type[Model], column: str, limit: datetime) -> None:
    """Delete the rows and everything that depends on them, in batches, so that no transaction locks many for long."""
    rows = model._base_manager.all()
    old = rows.filter(**{f"{column}__lt": limit}).order_by(column).values_list("pk", flat=True)
    while batch := list(old[:_DELETE_BATCH]):
        rows.filter(pk__in=batch).delete()
