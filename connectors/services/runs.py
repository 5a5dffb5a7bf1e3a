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
    """Sync a kind of data of a connection (D2): (the run, whether it was started now).

    At a source it is read in full and the exports that depend on it follow; what it refers to is read before it.
    At a target everything is compared with what was sent. LookupError if the connection has no such job.
    """
    adapter = adapter_for(connection.platform)
    wanted = DataType(data_type)
    source = adapter.sources().get(wanted)
    if source is None:
        return start_job(connection, Direction.EXPORT, wanted, trigger, by, resend)
    for earlier in source.depends_on:
        start_job(connection, Direction.IMPORT, earlier, trigger, by)
    return start_job(connection, Direction.IMPORT, wanted, trigger, by, resend)


def start_job(
    connection: Connection,
    direction: Direction,
    data_type: str,
    trigger: str,
    by: User | None,
    resend: bool = False,
) -> tuple[Run, bool]:
    """Start one job of a connection: (the run, whether it was started now). LookupError if no such job is enabled."""
    job = (
        Job.objects.select_related("connection__seller")
        .filter(connection=connection, direction=direction, data_type=data_type, enabled=True)
        .first()
    )
    if job is None:
        raise LookupError(f"{connection} has no enabled job to {direction} {data_type}.")
    return start_run(job=job, trigger=trigger, by=by, resend=resend)
