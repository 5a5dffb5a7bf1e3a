"""All writes to the catalog. Each writes only differences and enqueues the items that changed."""

from catalog.services.differences import Changes
from catalog.services.galleries import GalleryDraft, save_galleries
from catalog.services.price_lists import ensure_price_list, set_currency
from catalog.services.prices import DuePrices, apply_due_prices
from catalog.services.products import ProductDraft, save_products, set_product_status
from catalog.services.references import assign_references
from catalog.services.saved import SavedProduct
from catalog.services.stock import StockDraft, save_stock_levels
from catalog.services.taxonomy import discontinue, save_brands, save_categories, set_category_parents
from catalog.services.variant_values import VariantDraft, save_variant_values

__all__ = [
    "Changes",
    "DuePrices",
    "GalleryDraft",
    "ProductDraft",
    "SavedProduct",
    "StockDraft",
    "VariantDraft",
    "apply_due_prices",
    "assign_references",
    "discontinue",
    "ensure_price_list",
    "set_category_parents",
    "save_brands",
    "save_categories",
    "save_galleries",
    "save_products",
    "save_stock_levels",
    "save_variant_values",
    "set_currency",
    "set_product_status",
]
