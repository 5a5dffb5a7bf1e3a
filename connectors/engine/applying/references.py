"""References to items that are not here yet: remembered, resolved when the items come, reported if they do not (C2)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from catalog import services as catalog
from connectors.engine.applying import unknown_variants
from connectors.engine.applying.context import REFERENCES_SUFFIX, ImportContext, WriteResult
from connectors.engine.platforms import platform_names
from connectors.sdk import issues
from hub import links, references
from hub.kinds import ITEM_KIND, DataType, Direction, Kind, kind_label
from hub.models import Job, Master
from hub.references import Reference
from orders import services as orders
from synclog import services as synclog

# (kind of the item, kind of what it refers to), with the group of fields that the reference belongs to.
_GROUPS = {
    (Kind.PRODUCT, Kind.BRAND): Master.Group.CONTENT,
    (Kind.PRODUCT, Kind.CATEGORY): Master.Group.CONTENT,
    (Kind.CUSTOMER, Kind.CUSTOMER): Master.Group.CUSTOMERS,
    (Kind.ORDER_LINE, Kind.VARIANT): Master.Group.ORDERS,
}
# Kinds of items whose references are reported; parents of customers are reported with the customer.
_REPORTED = {DataType.PRODUCTS: Kind.PRODUCT, DataType.CATEGORIES: Kind.CATEGORY}


def remember(context: ImportContext, written: Sequence[WriteResult]) -> None:
    """Store what the saved items refer to that is not here yet."""
    pending: dict[Kind, dict[int, Collection[Reference]]] = defaultdict(dict)
    for result in written:
        for (kind, item_id), targets in result.unresolved.items():
            # Nothing can be remembered of a new item yet.
            if targets or result.changes is not None:
                pending[kind][item_id] = targets
    for kind, found in pending.items():
        references.replace(connection_id=context.connection_id, kind=kind, pending=found)


def resolve(context: ImportContext, written: Sequence[WriteResult]) -> None:
    """Give these items to those that were waiting for them."""
    arrived: dict[Kind, dict[str, int]] = defaultdict(dict)
    for result in written:
        kind = Kind(result.kind.partition("@")[0]) if result.kind.partition("@")[0] in Kind.values else None
        if kind in (Kind.BRAND, Kind.CATEGORY, Kind.CUSTOMER):
            arrived[kind][result.record.external_id] = result.item_id
        for (linked, external_id), item_id in result.links.items():
            if linked == Kind.VARIANT:
                arrived[Kind.VARIANT][external_id] = item_id
    for kind, ids in arrived.items():
        waiting = references.take(connection_id=context.connection_id, kind=kind, external_ids=ids.keys())
        found: dict[tuple[Kind, Kind], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for each in waiting:
            found[each.kind, kind][each.item_id].append(ids[each.target.external_id])
        for pair, items in found.items():
            if _GROUPS.get(pair, Master.Group.CONTENT) in context.groups:
                _assign(context, pair, items)


def _assign(context: ImportContext, pair: tuple[Kind, Kind], items: Mapping[int, list[int]]) -> None:
    """`items`: our ID of an item → our IDs of what it was waiting for."""
    first = {item_id: targets[0] for item_id, targets in items.items()}
    origin = context.connection_id
    match pair:
        case (Kind.PRODUCT, _):
            changes = catalog.assign_references(
                seller_id=context.seller_id,
                brands=first if pair[1] is Kind.BRAND else {},
                categories=items if pair[1] is Kind.CATEGORY else {},
                origin=origin,
                now=context.now,
            )
            synclog.record_own_changes(
                seller_id=context.seller_id,
                job=context.job,
                kind=Kind.PRODUCT,
                changes=changes,
                message="What it refers to was imported.",
                now=context.now,
            )
        case (Kind.CATEGORY, _):
            catalog.set_category_parents(seller_id=context.seller_id, parents={**first}, origin=origin)
        case (Kind.CUSTOMER, _):
            orders.assign_parents(seller_id=context.seller_id, parents=first, origin=origin, now=context.now)
        case (Kind.ORDER_LINE, _):
            assigned = orders.assign_variants(
                seller_id=context.seller_id, variants=first, origin=origin, now=context.now
            )
            unknown_variants.resolve(context, dict.fromkeys(assigned, origin))
    _resolve_issues(context, pair[0], first.keys())


def _resolve_issues(context: ImportContext, kind: Kind, item_ids: Collection[int]) -> None:
    """Resolve the issues of items that no longer refer to anything unknown."""
    if kind not in _REPORTED.values():
        return
    done = set(item_ids) - references.still_pending(connection_id=context.connection_id, kind=kind, item_ids=item_ids)
    rows = links.of_kind(context.connection_id, kind, per_storefront=True).filter(item_id__in=done)
    data_type = next(each for each, reported in _REPORTED.items() if reported is kind)
    job = Job.objects.filter(connection=context.connection_id, direction=Direction.IMPORT, data_type=data_type).first()
    if job is not None:
        synclog.resolve_by_external_ids(
            log=synclog.log_for(job=job, seller_id=context.seller_id),
            external_ids=[_ref(kind, external_id) for external_id in rows.values_list("external_id", flat=True)],
            now=context.now,
        )


def report(context: ImportContext) -> None:
    """After a full read: open an issue for each item that still refers to something unknown, of a kind that is
    imported from this source."""
    kind = _REPORTED.get(DataType(context.job.data_type))
    if kind is None:
        return
    imported = Job.objects.filter(connection=context.connection_id, direction=Direction.IMPORT, enabled=True)
    kinds = [ITEM_KIND[DataType(each)] for each in imported.values_list("data_type", flat=True)]
    for batch in references.all_pending(connection_id=context.connection_id, kind=kind, target_kinds=kinds):
        rows = links.of_kind(context.connection_id, kind, per_storefront=True).filter(item_id__in=batch, missing=False)
        drafts = [
            synclog.issue_draft(
                ref=_ref(kind, external_id),
                problems=[
                    issues.REFERENCE_UNKNOWN(kind=kind_label(target.kind), id=target.external_id)
                    for target in batch[item_id]
                ],
                kind=kind,
                item_id=item_id,
                **platform_names(context.job),
            )
            for item_id, external_id in rows.values_list("item_id", "external_id")
        ]
        synclog.upsert_issues(log=context.log, job=context.job, drafts=drafts, now=context.now)


def _ref(kind: Kind, external_id: str) -> str:
    return f"{kind}:{external_id}{REFERENCES_SUFFIX}"
