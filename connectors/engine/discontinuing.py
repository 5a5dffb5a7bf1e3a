"""Discontinues items that their source no longer has (D9)."""

from collections.abc import Sequence

from catalog import services as catalog
from catalog.models import Status
from connectors.engine.applying import ImportContext
from connectors.engine.applying.context import REFERENCES_SUFFIX, VARIANT_ITEM, not_master_problem
from connectors.engine.applying.variant_items import remove_variant_items
from connectors.engine.platforms import platform_names
from hub import links
from hub.kinds import ITEM_KIND, DataType, Kind, Role
from hub.models import Link, Master
from orders.queries import orders_of_source
from orders.services import cancel_orders, delete_customers
from synclog import services as synclog
from synclog.models import ItemEvent, ItemStatus
from synclog.services import ItemOutcome

# Kinds whose deletion is ignored unless the connection is the source of truth for this group of fields (L17).
_MASTERS = {
    Kind.CUSTOMER: Master.Group.CUSTOMERS,
    Kind.ORDER: Master.Group.ORDERS,
    Kind.PRODUCT: Master.Group.CONTENT,
}


def discontinue(context: ImportContext, missing: Sequence[Link]) -> int:
    """Discontinue items that the source no longer has (D9). Returns the number of items.

    Orders that were deleted in the shop where they were placed are canceled (M9). Those of other systems are kept.
    """
    kind = ITEM_KIND[DataType(context.job.data_type)]
    if kind is Kind.VARIANT:
        # Variants come and go with their products, not with their stock.
        return 0
    if kind is Kind.ORDER:
        own = set()
        if context.job.connection.role == Role.SHOP:
            own = orders_of_source(source_id=context.connection_id, order_ids=[link.item_id for link in missing])
        missing = [link for link in missing if link.item_id in own]
    if items := [link for link in missing if link.kind == VARIANT_ITEM]:
        remove_variant_items(context, items)
        missing = [link for link in missing if link.kind != VARIANT_ITEM]
    if not missing:
        return len(items)
    if kind in _MASTERS and _MASTERS[kind] not in context.groups:
        _report_ignored_deletions(context, kind, missing)
        return len(items)
    ids = [link.item_id for link in missing]
    if kind is Kind.PRODUCT:
        changes = catalog.set_product_status(
            seller_id=context.seller_id,
            product_ids=ids,
            status=Status.DISCONTINUED,
            origin=context.connection_id,
            now=context.now,
        )
    elif kind is Kind.CUSTOMER:
        changes = delete_customers(
            seller_id=context.seller_id, customer_ids=ids, origin=context.connection_id, now=context.now
        )
    elif kind is Kind.ORDER:
        changes = cancel_orders(
            seller_id=context.seller_id,
            source_id=context.connection_id,
            order_ids=ids,
            origin=context.connection_id,
            now=context.now,
        )
    else:
        catalog.discontinue(kind=kind, seller_id=context.seller_id, item_ids=ids, origin=context.connection_id)
        changes = {}
    links.mark_missing(
        links.of_kind(context.connection_id, kind, per_storefront=True).filter(pk__in=[link.pk for link in missing]),
        fetched_at=context.now,
    )
    synclog.record_outcomes(
        job=context.job,
        seller_id=context.seller_id,
        run_id=context.run_id,
        now=context.now,
        outcomes=[
            ItemOutcome(
                kind=str(kind),
                item_id=pk,
                state=ItemStatus.State.REMOVED,
                action=ItemEvent.Action.REMOVED,
                message="No longer in the source.",
                changes=changes.get(pk, {}),
            )
            for pk in ids
        ],
    )
    synclog.resolve_by_external_ids(
        log=context.log,
        external_ids=[f"{kind}:{link.external_id}{suffix}" for link in missing for suffix in ("", REFERENCES_SUFFIX)],
        now=context.now,
    )
    return len(missing) + len(items)


def _report_ignored_deletions(context: ImportContext, kind: Kind, missing: Sequence[Link]) -> None:
    """Report items that this source no longer has, but which stay because another is the source of truth."""
    problem = not_master_problem(context, _MASTERS[kind], ["status"])
    names = platform_names(context.job)
    drafts = [
        synclog.issue_draft(
            ref=f"{kind}:{link.external_id}", problems=[problem], kind=kind, item_id=link.item_id, **names
        )
        for link in missing
    ]
    synclog.upsert_issues(log=context.log, job=context.job, drafts=drafts, now=context.now)
