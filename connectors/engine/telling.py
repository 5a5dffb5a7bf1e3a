"""Targets that keep a sync log of their own are told what ours says: the start of a full sync first, issues and items
that went through in batches while it goes, its end last and once (D16–D21).

What is untold stands in rows (synclog.remote); a call is made outside any transaction. One that fails is tried again
later, and holds up nothing but that log.
"""

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings

from connectors.contract import LogError, LogReport
from connectors.engine import retry
from connectors.errors import ConnectorError, NoSuchLog, TryAgainLater
from connectors.opening import open_adapter
from connectors.registry import adapters
from hub.kinds import DataType
from hub.models import Connection
from synclog import remote
from synclog.models import Issue, RemoteLog

logger = logging.getLogger(__name__)

# What only a person can mend is looked at again as seldom.
_SELDOM = timedelta(minutes=10)


def tell_due(*, now: datetime, seconds: float = 5.0) -> None:
    """Tell the logs that wait, for about that long. Safe to call side by side."""
    ends = monotonic() + seconds
    kept = {key: adapter.keeps_log for key, adapter in adapters().items() if adapter.keeps_log}
    # A token and the call, each within its deadline.
    lease = timedelta(seconds=2 * settings.REMOTE_DEADLINE_SECONDS + 30)
    while monotonic() < ends:
        log = remote.take(kept=kept, now=now, until=now + lease)
        if log is None:
            return
        if log.sync_log.connection is not None:  # as it is for every log of a target
            _tell(log, log.sync_log.connection, now)


def _tell(log: RemoteLog, connection: Connection, now: datetime) -> None:
    report = remote.report(log)
    try:
        _call(connection, DataType(log.sync_log.data_type), report)
    except NoSuchLog:
        remote.tell_anew(log, now=now)
    except TryAgainLater as error:
        again_at = retry.rest(failures=log.failures + 1, now=now, not_before=error.not_before)
        remote.put_off(log, reason=str(error), again_at=again_at)
    except ConnectorError as error:
        logger.warning("%s: its target cannot be told: %s", log.sync_log, error)
        remote.put_off(log, reason=str(error), again_at=now + _SELDOM)
    else:
        remote.told(log, report, now=now)


def _call(connection: Connection, data_type: DataType, report: remote.Report) -> None:
    adapter = open_adapter(connection)
    try:
        if report.started is not None:
            adapter.begin_log(data_type, started=report.started, ended=report.ended)
        else:
            errors = [_error(issue) for issue in report.errors]
            adapter.add_to_log(data_type, LogReport(errors, report.resolved, report.ended))
    finally:
        adapter.http.close()


def _error(issue: Issue) -> LogError:
    message = " ".join(f"{issue.message}\n{issue.mend}".split())
    return LogError(issue.external_id, message, title=issue.title, link=issue.link)
