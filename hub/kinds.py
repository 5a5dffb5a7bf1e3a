"""Enumerations shared by all apps: data types, kinds of items, directions and platform roles."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DataType(TextChoices):
    """What a job syncs."""

    SETTINGS = "settings", _("Settings")
    CATEGORIES = "categories", _("Categories")
    BRANDS = "brands", _("Brands")
    PRODUCTS = "products", _("Products")
    STOCK = "stock", _("Stock")
    PRICES = "prices", _("Prices")
    CUSTOMERS = "customers", _("Customers")
    ORDERS = "orders", _("Orders")


class Kind(TextChoices):
    """The kind of an item. Change, Link and ItemStatus reference items as (kind, ID)."""

    STORE = "store", _("Store")
    CATEGORY = "category", _("Category")
    BRAND = "brand", _("Brand")
    PRODUCT = "product", _("Product")
    VARIANT = "variant", _("Variant")
    PRICE_LIST = "price_list", _("Price list")
    CUSTOMER = "customer", _("Customer")
    ORDER = "order", _("Order")
    ORDER_LINE = "order_line", _("Order line")


def kind_label(kind: str) -> str:
    """`order_line` → "Order line"; `category@2` → "Category". Other values are returned as they are."""
    plain = kind.partition("@")[0]
    return str(Kind(plain).label) if plain in Kind.values else plain


class Direction(TextChoices):
    """Seen from SyncCenter: import from a platform, export to a platform."""

    IMPORT = "import", _("Import")
    EXPORT = "export", _("Export")


class Role(TextChoices):
    """The role of a platform for a seller."""

    SHOP = "shop", _("Shop")
    OMS = "oms", _("OMS")
    ERP = "erp", _("ERP")
    SEARCH = "search", _("Search")
    B2B = "b2b", _("B2B")
    CUSTOM = "custom", _("Custom")


# The kind of item that changes of a job with this data type refer to.
ITEM_KIND = {
    DataType.SETTINGS: Kind.STORE,
    DataType.CATEGORIES: Kind.CATEGORY,
    DataType.BRANDS: Kind.BRAND,
    DataType.PRODUCTS: Kind.PRODUCT,
    DataType.STOCK: Kind.VARIANT,
    DataType.PRICES: Kind.VARIANT,
    DataType.CUSTOMERS: Kind.CUSTOMER,
    DataType.ORDERS: Kind.ORDER,
}
