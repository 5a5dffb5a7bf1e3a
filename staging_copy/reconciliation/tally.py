"""What was asked about one kind in one shop, and whether so much is missing that a person must be asked (N5)."""

from dataclasses import dataclass

from django.conf import settings


@dataclass
class Tally:
    """`only_in_shop` None: the shop cannot list. `offered` are those that live still offers: what was discontinued
    there is expected to be missing, and does not count for the guard."""

    checked: int = 0
    missing: int = 0
    offered: int = 0
    offered_missing: int = 0
    contradicted: int = 0
    only_in_shop: int | None = None
    note: str = ""

    @property
    def is_harmful(self) -> bool:
        """More than a few are missing: a shop that lost its data looks like that as well."""
        share = settings.STAGING_COPY_GUARD_PERCENT / 100
        many = self.offered_missing >= settings.STAGING_COPY_GUARD_ITEMS
        return (many and self.offered_missing > share * self.offered) or 1 < self.offered == self.offered_missing
