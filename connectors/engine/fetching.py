"""Fetch and apply: what a source returned is saved, and what it no longer has is discontinued.

One way for the pages of a run, for items that a complete read did not contain, and for items that events named.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from catalog import services as catalog
from catalog.records import CategoryRecord
from connectors.engine.applying import ImportContext, Tally, apply_page, link_kinds
from connectors.engine.applying.context import VARIANT_ITEM
from connectors.engine.discontinuing import discontinue
from connectors.engine.turn import Turn
from connectors.sdk.details import to_fetch_again
from connectors.sdk.isolation import Isolation
from connectors.webhooks.requested import request_items
from hub import clock, links, references, runs
from hub.kinds import ITEM_KIND, DataType, Kind
from hub.models import Job, Link, Run, RunCounter
from hub.records import Record
from hub.references import Reference

# After so many failures in a row, it may be a single item of a page that causes them.
_ISOLATE_AFTER = 2


class Fetched(NamedTuple):
    """The items that a source has, and the IDs of those that it has but that the settings exclude."""

    records: list[Record]
    excluded: set[str]


def isolation_of(turn: Turn, run: Run) -> Isolation:
    """An item of a page whose details fail is left out once that has held up the import for a while.

    The failures are those of the run: in a busy lane, other calls succeed between them.
    """
    failures = run.cursor.get("failures", 0)
    if turn.retry.is_exhausted(attempts=failures):
        return Isolation.ALWAYS
    return Isolation.IF_OTHERS_ANSWER if failures >= _ISOLATE_AFTER else Isolation.NEVER


def fetch(turn: Turn, job: Job, external_ids: Sequence[str], isolation: Isolation) -> Fetched:
    """The items that the source has. Call it outside a transaction."""
    turn.renew()
    return Fetched(*turn.reader(job, isolation).fetch(external_ids, now=clock.now()))


def fetch_again_later(context: ImportContext, run: Run, records: Sequence[Record]) -> None:
    """Have items whose details failed fetched again, each alone. Until then they stay as they are here.

    Call it at the end of the transaction that applied the records.
    """
    if external_ids := to_fetch_again(records):
        kept = links_of_source(context).filter(external_id__in=external_ids, missing=False)
        links.mark_seen(list(kept.values_list("pk", flat=True)), run_id=run.pk)
        request_items(job=context.job, external_ids=external_ids, now=context.now)


def apply_fetched(
    context: ImportContext,
    run: Run,
    records: Sequence[Record],
    *,
    requested: Sequence[Link] = (),
    excluded: Collection[str] = (),
    calls: Callable[[], int],
) -> Tally:
    """Save records, and discontinue the items of `requested` links that are not among them; count both in the run.

    Items whose IDs are `excluded` are left as they are. `calls` returns the number of API calls that it took;
    it is asked last, so that a failure before leaves the calls to be counted with the failed run. Call it in a
    fenced transaction. Returns the counts of the records.
    """
    tally = apply_page(context, records)
    if context.job.data_type == DataType.CATEGORIES:
        _set_category_parents(context, records)
    existing = {(kind, record.external_id) for record in records for kind in link_kinds(context.job.data_type, record)}
    missing = [
        link for link in requested if (link.kind, link.external_id) not in existing and link.external_id not in excluded
    ]
    _count(context, run, tally, missing if discontinue(context, missing) else [], calls())
    return tally


def links_of_source(context: ImportContext) -> QuerySet[Link]:
    """The links of the items that the job imports, for categories of all storefronts."""
    kind = ITEM_KIND[DataType(context.job.data_type)]
    also = [VARIANT_ITEM] if kind is Kind.PRODUCT else []
    return links.of_kind(context.connection_id, kind, per_storefront=True, also=also)


def _set_category_parents(context: ImportContext, records: Sequence[Record]) -> None:
    """Set the parents of categories as far as they are known. A parent on a later page is set when it comes."""
    categories = [record for record in records if isinstance(record, CategoryRecord)]
    wanted = {external_id for record in categories for external_id in (record.external_id, record.parent_id)}
    known = links_of_source(context).filter(missing=False, external_id__in=wanted)
    ids = dict(known.values_list("external_id", "item_id"))
    parents: dict[int, int | None] = {}
    pending: dict[int, set[Reference]] = {}
    for record in categories:
        own = ids.get(record.external_id)
        if own is None:
            continue
        if record.parent_id and record.parent_id not in ids:
            pending[own] = {Reference(Kind.CATEGORY, record.parent_id)}
        else:
            parents[own] = ids.get(record.parent_id)
            pending[own] = set()
    catalog.set_category_parents(seller_id=context.seller_id, parents=parents, origin=context.connection_id)
    references.replace(connection_id=context.connection_id, kind=Kind.CATEGORY, pending=pending)


def _count(context: ImportContext, run: Run, tally: Tally, missing: Sequence[Link], calls: int) -> None:
    """Add the results of a page and the removed items to the run's counters, by kind (B10)."""
    removed = Counter(context.job.item_kind if link.kind == VARIANT_ITEM else link.kind for link in missing)
    for kind in sorted(tally.kinds.keys() | removed.keys()) or [run.job.item_kind]:
        outcomes = tally.kinds.get(kind, Tally()).as_counts() | {RunCounter.Outcome.REMOVED: removed[kind]}
        runs.count(run_id=run.pk, kind=kind, now=context.now, calls=calls, outcomes=outcomes)
        calls = 0
