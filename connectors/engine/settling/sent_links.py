"""The links of a batch: IDs that the target has given or confirmed, and items that it no longer has."""

from datetime import datetime

from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import Accepted, Unchanged, id_conflict
from connectors.sdk.operations import Action
from hub import links
from hub.links import NewLink


def hold_id_conflicts(batch: Batch) -> None:
    """Hold changes for which the target returned an ID that is linked to another item; links are never overwritten
    (L16). If several results of the batch have the same ID, the first one keeps it."""
    job = batch.job
    new_links: list[tuple[int, NewLink]] = []
    for position, result in enumerate(batch.results):
        if isinstance(result, Accepted) and result.step.operation.action is not Action.REMOVE:
            own = {(job.link_kind, result.change.item_id): result.outcome.external_id}
            for (kind, item_id), external_id in (own | result.outcome.links).items():
                if external_id:
                    new_links.append((position, NewLink(kind, external_id, item_id)))
    conflicts = links.find_conflicts(job.connection_id, [new for _, new in new_links])
    for position, new in new_links:
        if new in conflicts:
            result = batch.results[position]
            batch.results[position] = id_conflict(result.change, result.item, job, new, holder_id=conflicts[new])


def save(batch: Batch, now: datetime) -> list[tuple[str, int]]:
    """Save the links of the batch. Returns (kind, our ID) of newly linked related objects, such as variants."""
    job = batch.job
    confirmed: dict[int, int] = {}
    sent: list[links.SentItem] = []
    removed: list[int] = []
    related: dict[tuple[str, int], str] = {}
    for result in batch.results:
        match result:
            case Unchanged(item=item, link=link) if item is not None and link is not None:
                revision = getattr(item, "revision", None)
                if revision is not None and revision != link.sent_revision:
                    confirmed[link.pk] = revision
            case Accepted(step=step) if step.operation.action is Action.REMOVE:
                if step.link is not None:
                    removed.append(step.link.pk)
            case Accepted(change=change, step=step, outcome=outcome):
                external_id = outcome.external_id or step.operation.external_id or str(change.item_id)
                sent.append(
                    links.SentItem(change.item_id, external_id, step.digest, step.revision, step.operation.payload)
                )
                related |= outcome.links
    links.confirm_revisions(confirmed)
    links.save_sent(connection_id=job.connection_id, kind=job.link_kind, sent=sent, now=now)
    if removed:
        links.end_removed(links.of_job(job).filter(pk__in=removed))
    return links.save_reported(connection_id=job.connection_id, ids=related)
