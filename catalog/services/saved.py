"""What became of products and variants while they are saved, and which differences may be written (L17)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from catalog.items import VariantItem
from catalog.records import VariantRecord
from catalog.services.differences import Changes
from hub.models import Master


@dataclass(slots=True)
class SavedProduct:
    """The result of saving a draft. `changes`: field → [before, after], empty if nothing changed.

    `conflicts`: field group → fields that were not written because another connection is their source of truth (L17).
    """

    product_id: int
    created: bool
    variant_ids: dict[str, int] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    touched_variants: set[int] = field(default_factory=set)
    conflicts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class SavedVariant:
    """A variant that was written or compared, with its previous state."""

    id: int
    record: VariantRecord
    before: VariantItem | None
    result: SavedProduct

    @property
    def label(self) -> str:
        return self.record.sku or f"variant {self.id}"


def record_difference(result: SavedProduct, found: Changes, group: Master.Group, groups: Collection[str]) -> bool:
    """Whether these differences may be written. Adds them to the changes or, if not, to the conflicts."""
    if group not in groups:
        result.conflicts[group] += found
        return False
    if not result.created:
        result.changes |= found
    return True
