"""All records that sources can return. Each app defines the ones that it accepts."""

from catalog.records import (
    BrandRecord,
    CategoryRecord,
    GalleryRecord,
    ImageRecord,
    PriceRecord,
    ProductRecord,
    SettingsRecord,
    StockRecord,
    VariantRecord,
)
from hub.records import Problem, Record
from orders.records import (
    AddressRecord,
    CustomerRecord,
    FulfilmentRecord,
    OrderLineRecord,
    OrderRecord,
    ShipmentRecord,
)

__all__ = [
    "AddressRecord",
    "BrandRecord",
    "CategoryRecord",
    "CustomerRecord",
    "FulfilmentRecord",
    "GalleryRecord",
    "ImageRecord",
    "OrderLineRecord",
    "OrderRecord",
    "PriceRecord",
    "Problem",
    "ProductRecord",
    "Record",
    "SettingsRecord",
    "ShipmentRecord",
    "StockRecord",
    "VariantRecord",
]
