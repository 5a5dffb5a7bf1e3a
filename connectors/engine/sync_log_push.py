"""Pushes our sync log to targets that keep their own: first the start of a full sync, then issues and synced items in
batches while it runs, last its end, once (D16–D21).

Pending entries are stored in the database (synclog.remote); calls are made outside transactions. A failed call is
retried later and delays nothing but that log.
"""

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings

from connectors.adapters.factory import open_adapter
from connectors.adapters.registry import adapter_for, adapters
from connectors.sdk.errors import ConnectorError, SyncLogMissing, TryAgainLater
from connectors.sdk.sync_log import LogError, LogUpdate
from hub.kinds import DataType
from hub.models import Connection
from synclog import remote
from synclog.models import Issue, RemoteLog

logger = logging.getLogger(__name__)

# The delay after an error that only a person can fix.
_ATTENTION_RETRY_INTERVAL = timedelta(minutes=10)


def push_due(*, now: datetime, seconds: float = 5.0) -> None:
    """Push pending entries of the logs that are due, for about `seconds`. Safe to run concurrently."""
    deadline = monotonic() + seconds
    supported = {key: adapter.sync_log.names for key, adapter in adapters().items() if adapter.sync_log is not None}
    # Enough for fetching a token and for the call, each with its own deadline.
    lease = timedelta(seconds=2 * settings.REMOTE_DEADLINE_SECONDS + 30)
    while monotonic() < deadline:
        log = remote.claim_next_log(supported=supported, now=now, until=now + lease)
        if log is None:
            return
        if log.sync_log.connection is not None:  # always set for logs of targets
            _push(log, log.sync_log.connection, now)


def _push(log: RemoteLog, connection: Connection, now: datetime) -> None:
    update = remote.build_update(log)
    try:
        _call(connection, DataType(log.sync_log.data_type), update)
    except SyncLogMissing:
        remote.reset(log, now=now)
    except TryAgainLater as error:
        policy = adapter_for(connection.platform).retry
        retry_at = policy.pause_until(failures=log.failures + 1, now=now, not_before=error.not_before)
        remote.reschedule(log, reason=str(error), retry_at=retry_at)
    except ConnectorError as error:
        logger.warning("%s: cannot push to the target's sync log: %s", log.sync_log, error)
        remote.reschedule(log, reason=str(error), retry_at=now + _ATTENTION_RETRY_INTERVAL)
    else:
        remote.mark_delivered(log, update, now=now)


def _call(connection: Connection, data_type: DataType, update: remote.LogUpdate) -> None:
    adapter = open_adapter(connection)
    try:
        log = adapter.sync_log(adapter.client) if adapter.sync_log is not None else None
        if log is None:
            raise SyncLogMissing(f"{connection} keeps no sync log.")
        if update.started is not None:
            log.start(data_type, started_at=update.started, last_finished_at=update.finished_at)
        else:
            errors = [_log_error(issue) for issue in update.errors]
            log.update(data_type, LogUpdate(errors, update.resolved, update.finished_at))
    finally:
        adapter.http.close()


def _log_error(issue: Issue) -> LogError:
    message = " ".join(f"{issue.message}\n{issue.fix}".split())
    return LogError(issue.external_id, message, title=issue.title, link=issue.link)
