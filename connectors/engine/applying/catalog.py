"""Saves imported settings, categories, brands and products."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Exists, OuterRef

from catalog import services as catalog
from catalog.models import PriceList, Product, Variant
from catalog.records import BrandRecord, CategoryRecord, PriceRecord, ProductRecord, SettingsRecord
from connectors.adapters.registry import adapter_for
from connectors.engine.applying import variant_items
from connectors.engine.applying.context import (
    VARIANT_ITEM,
    DuplicateClaims,
    ImportContext,
    Links,
    WriteResult,
    known_id,
    link_kind,
    not_master_problem,
)
from connectors.engine.applying.customer_prices import changed_groups, enqueue_customers
from connectors.engine.applying.store_settings import save_store_settings
from connectors.engine.applying.variant_collisions import (
    collision,
    holders_of,
    reject_duplicate_variants,
    repeated_variant,
    unlink_moved_variants,
)
from connectors.sdk import issues
from connectors.sdk.time_zones import time_zone
from hub import links
from hub.kinds import DataType, Kind
from hub.models import Master
from hub.records import Problem, Record
from hub.references import Reference
from synclog.models import ItemStatus


def write_products(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save products. One with a variant whose ID belongs to another product stays pending; nothing is overwritten
    (L16). Raises DuplicateClaims if two of them are the same product here."""
    products = [record for record in records if isinstance(record, ProductRecord)]
    reject_duplicate_variants(products)
    variants = variant_items.find(context, products, known)
    items = [record for record in products if record.external_id in variants]
    products = [record for record in products if record.external_id not in variants]
    ids = {
        record.external_id: known[(Kind.PRODUCT, record.external_id)].item_id
        for record in products
        if (Kind.PRODUCT, record.external_id) in known
    }
    matches = _match_by_sku(context, [record for record in products if record.external_id not in ids])
    variant_links = links.item_ids(
        context.connection_id, Kind.VARIANT, [v.external_id for record in products for v in record.variants or ()]
    )
    holders = holders_of(context, variant_links)
    linked = _variants_of_source(context, list(ids.values()))
    brands = links.item_ids(context.connection_id, Kind.BRAND, [r.brand_id for r in products if r.brand_id])
    categories = _category_links(context, {c for r in products for c in r.category_ids or ()})
    drafts, kept, pending = [], [], []
    for record in products:
        match = matches.get(record.external_id)
        if problem := repeated_variant(record) or (match and match.problem):
            record.problems.append(problem)
            continue
        product_id = ids.get(record.external_id) or (match.product_id if match else None)
        if found := collision(context, record, product_id, holders):
            holder, problem = found
            pending_result = WriteResult(
                record, product_id or holder.product_id, Kind.PRODUCT, {}, state=ItemStatus.State.PENDING
            )
            pending_result.problems.append(problem)
            pending.append(pending_result)
            continue
        unlink_moved_variants(context, record, product_id, holders)
        variant_ids = {
            variant.external_id: variant_links[variant.external_id]
            for variant in record.variants or ()
            if variant.external_id in variant_links
        }
        if match is not None:
            variant_ids |= {
                variant.external_id: match.variant_ids[variant.sku]
                for variant in record.variants or ()
                if variant.sku in match.variant_ids
            }
        kept.append(record)
        drafts.append(
            catalog.ProductDraft(
                record=record,
                product_id=product_id,
                brand_id=brands.get(record.brand_id),
                category_ids=_known_categories(record, categories),
                variant_ids=variant_ids,
                linked_variants=linked.get(product_id, set()) if product_id else set(),
            )
        )
    claimed = [draft.product_id for draft in drafts if draft.product_id]
    if len(set(claimed)) < len(claimed):
        raise DuplicateClaims
    groups = changed_groups(context, [*products, *items])
    price_list = _default_price_list(context, [*kept, *items])
    saved = catalog.save_products(
        seller_id=context.seller_id,
        drafts=drafts,
        groups=context.groups,
        price_list=price_list,
        origin=context.connection_id,
        now=context.now,
        sole_stock_source=context.sole_stock_source,
    )
    enqueue_customers(context, groups)
    written = [
        WriteResult(
            record=record,
            item_id=result.product_id,
            kind=Kind.PRODUCT,
            changes=None if result.created else result.changes,
            links={(Kind.VARIANT, ext): item_id for ext, item_id in result.variant_ids.items()},
            # Categories that were kept in place of an unknown one are removed by the next full read.
            complete=not result.conflicts and not (record.category_ids and draft.category_ids is None),
            unresolved={(Kind.PRODUCT, result.product_id): _unknown_references(record, brands, categories)}
            if Master.Group.CONTENT in context.groups or result.created
            else {},
            problems=[not_master_problem(context, group, names) for group, names in result.conflicts.items()],
            state=ItemStatus.State.SKIPPED if result.conflicts and not result.changes else ItemStatus.State.SYNCED,
        )
        for record, draft, result in zip(kept, drafts, saved, strict=True)
    ]
    return written + pending + variant_items.write_variant_items(context, items, variants, price_list)


def _default_price_list(context: ImportContext, records: Sequence[ProductRecord]) -> PriceList | None:
    """The list of the connection's default prices (D12). One that is no shop gets it with the first of them."""
    connection = context.job.connection
    if context.price_list is None and connection.seller is not None and Master.Group.PRICE in context.groups:
        prices = [variant.price for record in records for variant in record.variants or ()]
        if any(isinstance(price, PriceRecord) and price.amount is not None for price in prices):
            name = f"{adapter_for(connection.platform).name} Price"
            # Not kept in the context: the transaction in which it is created may be rolled back.
            return catalog.ensure_price_list(connection=connection, slug=f"{connection.slug}-price", name=name)
    return context.price_list


def _known_categories(record: ProductRecord, known: dict[str, int]) -> list[int] | None:
    """None, which keeps the categories, if the product has moved to categories none of which is here yet (C2)."""
    if record.category_ids is None:
        return None
    found = sorted({known[each] for each in record.category_ids if each in known})
    return found if found or not record.category_ids else None


def _unknown_references(record: ProductRecord, brands: dict[str, int], categories: dict[str, int]) -> set[Reference]:
    found = {Reference(Kind.CATEGORY, each) for each in record.category_ids or () if each not in categories}
    return found | {Reference(Kind.BRAND, each) for each in [record.brand_id] if each and each not in brands}


@dataclass(slots=True)
class _Match:
    product_id: int | None = None
    variant_ids: dict[str, int] = field(default_factory=dict)
    problem: Problem | None = None


def _match_by_sku(context: ImportContext, records: Sequence[ProductRecord]) -> dict[str, _Match]:
    """Match products that another source has already imported, by SKU (B5). Several matches are an issue."""
    skus = {variant.sku for record in records for variant in record.variants or () if variant.sku}
    if not skus:
        return {}
    taken = links.of_kind(context.connection_id, Kind.PRODUCT).filter(item_id=OuterRef("product_id"))
    items = links.of_kind(context.connection_id, VARIANT_ITEM).filter(item_id=OuterRef("pk"))
    rows = Variant.objects.filter(
        ~Exists(taken), ~Exists(items), seller_id=context.seller_id, sku__in=skus, status__in=("live", "suspended")
    )
    found = {sku: (pk, product_id) for sku, pk, product_id in rows.values_list("sku", "pk", "product_id")}
    matches: dict[str, _Match] = {}
    for record in records:
        own = {v.sku: found[v.sku] for v in record.variants or () if v.sku in found}
        product_ids = {product_id for _, product_id in own.values()}
        if len(product_ids) == 1:
            matches[record.external_id] = _Match(
                product_ids.pop(), {sku: variant_id for sku, (variant_id, _) in own.items()}
            )
        elif product_ids:
            titles = Product.objects.filter(pk__in=product_ids).values_list("title", flat=True)
            matches[record.external_id] = _Match(problem=issues.AMBIGUOUS_MATCH(titles="; ".join(sorted(titles))))
    return matches


def _category_links(context: ImportContext, external_ids: set[str]) -> dict[str, int]:
    rows = links.of_kind(context.connection_id, Kind.CATEGORY, per_storefront=True)
    return dict(rows.filter(external_id__in=external_ids).values_list("external_id", "item_id"))


def _variants_of_source(context: ImportContext, product_ids: Sequence[int]) -> dict[int, set[int]]:
    """Product ID → IDs of its variants that come from this source with the product."""
    variants = dict(Variant.objects.filter(product_id__in=product_ids).values_list("pk", "product_id"))
    linked: dict[int, set[int]] = defaultdict(set)
    items = links.of_kind(context.connection_id, VARIANT_ITEM).filter(item_id=OuterRef("item_id"))
    rows = links.of_kind(context.connection_id, Kind.VARIANT).filter(~Exists(items), item_id__in=variants.keys())
    for variant_id in rows.values_list("item_id", flat=True):
        linked[variants[variant_id]].add(variant_id)
    return linked


def write_brands(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    brands = [record for record in records if isinstance(record, BrandRecord)]
    results = catalog.save_brands(
        seller_id=context.seller_id,
        origin=context.connection_id,
        brands=[(known_id(known, Kind.BRAND, record), record) for record in brands],
    )
    return [WriteResult(record, pk, Kind.BRAND, changes) for record, (pk, changes) in zip(brands, results, strict=True)]


def write_categories(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    categories = [record for record in records if isinstance(record, CategoryRecord)]
    kinds = [link_kind(DataType.CATEGORIES, record) for record in categories]
    results = catalog.save_categories(
        seller_id=context.seller_id,
        origin=context.connection_id,
        categories=[(known_id(known, kind, record), record) for kind, record in zip(kinds, categories, strict=True)],
    )
    return [
        WriteResult(record, pk, kind, changes)
        for record, kind, (pk, changes) in zip(categories, kinds, results, strict=True)
    ]


def write_settings(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    written = []
    for record in records:
        if isinstance(record, SettingsRecord):
            if record.time_zone and time_zone(record.time_zone) is None:
                record.problems.append(issues.TIME_ZONE_UNKNOWN(time_zone=record.time_zone[:60]))
                record = replace(record, time_zone="")
            changes = save_store_settings(context.job.connection, record)
            is_known = (Kind.STORE, record.external_id) in known
            written.append(WriteResult(record, context.connection_id, Kind.STORE, changes if is_known else None))
    return written
