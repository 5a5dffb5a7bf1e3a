"""The catalog in SyncCenter's platform-independent data model."""

from catalog.models.prices import Price, PriceList, ScheduledPrice
from catalog.models.products import (
    Attribute,
    AttributeSet,
    Brand,
    Category,
    FeedPosition,
    Image,
    Product,
    ProductCategory,
    Status,
    Stock,
    StockLocation,
    Variant,
)

__all__ = [
    "Attribute",
    "AttributeSet",
    "Brand",
    "Category",
    "FeedPosition",
    "Image",
    "Price",
    "PriceList",
    "Product",
    "ProductCategory",
    "ScheduledPrice",
    "Status",
    "Stock",
    "StockLocation",
    "Variant",
]
