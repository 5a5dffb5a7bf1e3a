"""Detects IDs of variants that are already used by a variant of another product (L16)."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from catalog.models import Status, Variant
from catalog.records import ProductRecord
from connectors.engine.applying.context import DuplicateClaims, ImportContext
from connectors.sdk import issues
from hub import links
from hub.kinds import Kind
from hub.records import Problem


class Holder(NamedTuple):
    """The variant that is linked to an external ID, and its product."""

    variant_id: int
    product_id: int
    title: str
    status: str


def holders_of(context: ImportContext, linked: dict[str, int]) -> dict[str, Holder]:
    """External ID → the variant that is linked to it. `linked`: external ID → our variant ID."""
    rows = Variant.objects.filter(pk__in=linked.values()).values_list("pk", "product_id", "product__title", "status")
    variants = {row[0]: Holder(*row) for row in rows}
    return {external_id: variants[pk] for external_id, pk in linked.items() if pk in variants}


def reject_duplicate_variants(records: Sequence[ProductRecord]) -> None:
    """Raises DuplicateClaims if two products of a page have a variant with the same ID."""
    claims = Counter(key for record in records for key in {variant.external_id for variant in record.variants or ()})
    if any(number > 1 for number in claims.values()):
        raise DuplicateClaims


def repeated_variant(record: ProductRecord) -> Problem | None:
    for external_id, number in Counter(variant.external_id for variant in record.variants or ()).items():
        if number > 1:
            return issues.VARIANT_ID_DUPLICATE(external_id=external_id)
    return None


def collision(
    context: ImportContext, record: ProductRecord, product_id: int | None, holders: dict[str, Holder]
) -> tuple[Holder, Problem] | None:
    """The variant that conflicts with the record, and a problem that names both; None if there is no conflict.

    A variant that is no longer on offer is not a conflict: it has moved to the record's product.
    """
    for variant in record.variants or ():
        holder = holders.get(variant.external_id)
        if holder is None or holder.product_id == product_id or holder.status not in (Status.LIVE, Status.SUSPENDED):
            continue
        return holder, issues.VARIANT_ID_IN_USE(
            title=record.title,
            product_id=record.external_id,
            external_id=variant.external_id,
            holder_title=holder.title,
            holder=holder.product_id,
        )
    return None


def unlink_moved_variants(
    context: ImportContext, record: ProductRecord, product_id: int | None, holders: dict[str, Holder]
) -> None:
    """Unlink variants that have moved to the record's product, so that their IDs can be linked to the new ones."""
    moved = {
        variant.external_id
        for variant in record.variants or ()
        if (holder := holders.get(variant.external_id)) is not None and holder.product_id != product_id
    }
    links.unlink(context.connection_id, Kind.VARIANT, moved)
