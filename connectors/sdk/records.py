"""All records that sources can return. Each app defines the ones that it accepts."""

from catalog.records import (
    BrandRecord,
    CategoryRecord,
    ConditionalPriceRecord,
    GalleryRecord,
    ImageRecord,
    PriceListRecord,
    PriceRecord,
    ProductRecord,
    SettingsRecord,
    StockLevelsRecord,
    StockRecord,
    VariantRecord,
)
from hub.records import Problem, Record
from orders.records import (
    AddressRecord,
    AdjustmentRecord,
    CustomerRecord,
    FulfilmentRecord,
    OrderLineRecord,
    OrderRecord,
    RefundLineRecord,
    RefundRecord,
    ShipmentRecord,
)

__all__ = [
    "AddressRecord",
    "AdjustmentRecord",
    "BrandRecord",
    "CategoryRecord",
    "ConditionalPriceRecord",
    "CustomerRecord",
    "FulfilmentRecord",
    "GalleryRecord",
    "ImageRecord",
    "OrderLineRecord",
    "OrderRecord",
    "PriceListRecord",
    "PriceRecord",
    "Problem",
    "ProductRecord",
    "Record",
    "RefundLineRecord",
    "RefundRecord",
    "SettingsRecord",
    "ShipmentRecord",
    "StockLevelsRecord",
    "StockRecord",
    "VariantRecord",
]
