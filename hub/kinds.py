"""The words that every room shares: kinds of data, kinds of items, directions."""

from django.db.models import TextChoices


class DataType(TextChoices):
    """What a job carries."""

    SETTINGS = "settings"
    CATEGORIES = "categories"
    BRANDS = "brands"
    PRODUCTS = "products"
    STOCK = "stock"
    PRICES = "prices"
    CUSTOMERS = "customers"
    ORDERS = "orders"


class Kind(TextChoices):
    """What an item is. A Change, a Link and an ItemStatus name an item as (kind, id)."""

    STORE = "store"
    CATEGORY = "category"
    BRAND = "brand"
    PRODUCT = "product"
    VARIANT = "variant"
    PRICE_LIST = "price_list"
    CUSTOMER = "customer"
    ORDER = "order"
    ORDER_LINE = "order_line"


class Direction(TextChoices):
    IMPORT = "import"
    EXPORT = "export"


class Role(TextChoices):
    """What a platform is to a seller."""

    SHOP = "shop"
    OMS = "oms"
    ERP = "erp"
    SEARCH = "search"
    B2B = "b2b"
    CUSTOM = "custom"


# Which kind of item a job's changes name.
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
