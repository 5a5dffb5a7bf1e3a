"""The counts of a check for one kind in one shop, and whether a person must confirm the deletions (N5)."""

from dataclasses import dataclass

from django.conf import settings


@dataclass
class Tally:
    """Counts of one kind in one shop. `only_in_shop` is None if the shop cannot list its items.

    `offered` counts the items that live still offers: discontinued ones are expected to be missing and do not count.
    """

    checked: int = 0
    missing: int = 0
    offered: int = 0
    offered_missing: int = 0
    contradicted: int = 0
    only_in_shop: int | None = None
    note: str = ""
    # False if the platform has no lookup by ID, so that nothing was checked.
    can_look_up: bool = True

    @property
    def is_harmful(self) -> bool:
        """Whether so many items are missing that the shop may have lost its data."""
        share = settings.STAGING_COPY_GUARD_PERCENT / 100
        many = self.offered_missing >= settings.STAGING_COPY_GUARD_ITEMS
        return (many and self.offered_missing > share * self.offered) or 1 < self.offered == self.offered_missing
