"""Sources of a seller's feeds: the seller and the vendors that serve it (S3, S9)."""

from dataclasses import dataclass

from accounts.models import Seller
from accounts.queries import agreements_of_seller


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A seller whose items are in the feed. `vendor` is its name on order lines, None for the seller itself."""

    seller_id: int
    vendor: str | None = None


def feed_sources(seller: Seller) -> list[FeedSource]:
    """The sources of a seller's feeds: the seller first, then its vendors by ID."""
    agreements = agreements_of_seller(seller_id=seller.pk).order_by("vendor")
    return [FeedSource(seller.pk), *(FeedSource(*pair) for pair in agreements.values_list("vendor", "name_on_lines"))]
