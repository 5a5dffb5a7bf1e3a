"""Start the runs of a connection's jobs."""

from accounts.models import User
from connectors.adapters.registry import adapter_for
from hub.kinds import DataType, Direction
from hub.models import Connection, Job, Run
from hub.services import start_run


def sync(
    *,
    connection: Connection,
    data_type: str,
    trigger: str,
    by: User | None = None,
    resend: bool = False,
) -> tuple[Run, bool]:
    """Start a full sync of a data type (D2). Returns (the run, whether it was created).

    For a source, everything is imported, after the data types that it depends on; the dependent exports follow. For a
    target, everything is compared with what was last sent. LookupError if the connection has no such job.
    """
    adapter = adapter_for(connection.platform)
    wanted = DataType(data_type)
    source = adapter.sources().get(wanted)
    if source is None:
        return start_job(connection, Direction.EXPORT, wanted, trigger, by, resend)
    for earlier in source.depends_on:
        # One press is one entry in the audit log.
        start_job(connection, Direction.IMPORT, earlier, trigger, by, audited=False)
    return start_job(connection, Direction.IMPORT, wanted, trigger, by, resend)


def start_job(
    connection: Connection,
    direction: Direction,
    data_type: str,
    trigger: str,
    by: User | None,
    resend: bool = False,
    audited: bool = True,
) -> tuple[Run, bool]:
    """Start one job of a connection; returns (the run, whether it was created). LookupError if none is enabled."""
    job = (
        Job.objects.select_related("connection__seller")
        .filter(connection=connection, direction=direction, data_type=data_type, enabled=True)
        .first()
    )
    if job is None:
        raise LookupError(f"{connection} has no enabled job to {direction} {data_type}.")
    return start_run(job=job, trigger=trigger, by=by, resend=resend, audited=audited)
