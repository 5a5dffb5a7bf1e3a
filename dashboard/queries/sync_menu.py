"""What a merchant can start, and what else will run with it (D2)."""

from dataclasses import dataclass

from connectors.adapters.registry import adapters
from connectors.engine.importing import DEPENDENT_EXPORTS
from dashboard.queries.overview import ConnectionCard, Overview
from hub.kinds import DataType, Direction
from hub.models import Connection, Job


@dataclass(frozen=True)
class SyncChoice:
    """A data type of a connection. `before` are imported first, `after` get what has changed; both for people."""

    job: Job
    before: list[str]
    after: list[str]


def sync_choices(overview: Overview) -> list[SyncChoice]:
    """Imports first. Without a query."""
    choices = [
        SyncChoice(card.job, _before(connection, card.job), _after(overview, card.job))
        for connection in overview.connections
        if connection.syncable
        for card in connection.jobs
        if card.is_first_of_type and not card.is_stopped
    ]
    return sorted(choices, key=lambda choice: choice.job.direction != Direction.IMPORT)


def _before(connection: ConnectionCard, job: Job) -> list[str]:
    adapter = adapters().get(connection.connection.platform)
    source = adapter.sources().get(DataType(job.data_type)) if adapter else None
    return [str(DataType(earlier).label) for earlier in source.depends_on] if source else []


def _after(overview: Overview, job: Job) -> list[str]:
    if job.direction != Direction.IMPORT:
        return []
    following = DEPENDENT_EXPORTS.get(DataType(job.data_type), ())
    targets = {
        str(connection.connection)
        for connection in overview.connections
        if connection.connection != job.connection and connection.connection.state == Connection.State.ACTIVE
        for card in connection.jobs
        if card.job.direction == Direction.EXPORT and card.job.enabled and card.job.data_type in following
    }
    return sorted(targets)
