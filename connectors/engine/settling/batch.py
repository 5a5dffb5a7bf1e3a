"""A batch: the results of changes of one job that are settled together."""

from dataclasses import dataclass, field

from connectors.engine.deciding import Decision, Step
from connectors.engine.settling.results import ChangeResult, Unchanged, failed, skipped
from hub.models import Job


@dataclass(slots=True)
class Batch:
    """Everything that a settling transaction writes for one job. The steps in `possibly_sent` may or may not have
    arrived at the target."""

    job: Job
    results: list[ChangeResult] = field(default_factory=list)
    possibly_sent: list[Step] = field(default_factory=list)


def decided_batch(job: Job, decision: Decision) -> Batch:
    """The results of the changes that need no call. The caller adds those of `decision.steps`."""
    batch = Batch(job, [Unchanged(change, item, link) for change, item, link in decision.unchanged])
    batch.results += [skipped(change, item, job, problem) for change, item, problem in decision.skipped]
    batch.results += [failed(change, item, job, error, not_before=None) for change, item, error in decision.failed]
    return batch
