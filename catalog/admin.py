"""Console pages of the catalog. They are read-only: the next sync would overwrite an edit."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.models import Seller
from catalog.models import (
    Attribute,
    AttributeSet,
    Brand,
    Category,
    Image,
    Price,
    PriceList,
    Product,
    ScheduledPrice,
    Status,
    Stock,
    StockLocation,
    Variant,
)
from common.admin import (
    Color,
    ReadOnlyAdmin,
    ReadOnlyInline,
    as_json,
    badge,
    shown_as,
)
from common.currencies import format_amount, format_quantity

STATUS_COLORS: dict[Status, Color] = {
    Status.LIVE: "success",
    Status.SUSPENDED: "warning",
    Status.DISCONTINUED: "default",
    Status.DELETED: "danger",
}
SELLER = ("seller", AutocompleteSelectFilter)


def with_sku(variants: QuerySet[Variant], prefix: str) -> QuerySet[Variant]:
    """Variants whose SKU starts with `prefix`, ignoring case. The index starts with the seller, so all are listed."""
    sellers = list(Seller.objects.order_by().values_list("pk", flat=True))
    return variants.alias(upper_sku=Upper("sku")).filter(seller__in=sellers, upper_sku__startswith=prefix.upper())


def _quantity(row: Any, quantity: Decimal) -> str:
    return format_quantity(quantity)


def _rrp(variant: Variant, amount: Decimal) -> str:
    return format_amount(amount)


def _amount(row: Price | ScheduledPrice, amount: Decimal) -> str:
    currency = row.price_list.currency
    return f"{format_amount(amount, currency)} {currency}".strip()


class AttributeInline(ReadOnlyInline):
    model = Attribute
    fields = ("code", "name")
    ordering = ("code",)


@admin.register(AttributeSet)
class AttributeSetAdmin(ReadOnlyAdmin):
    empty_text = _("They are imported from platforms that have them.")
    list_display = ("name", "seller")
    list_filter = (SELLER,)
    list_select_related = ("seller",)
    search_fields = ("name",)
    inlines = (AttributeInline,)


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ("path", "seller", "visible", "status", "updated_at")
    list_filter = ("status", "visible", SELLER)
    list_select_related = ("seller",)
    search_fields = ("name", "path__startswith")


@admin.register(Brand)
class BrandAdmin(ReadOnlyAdmin):
    list_display = ("name", "seller", "status", "updated_at")
    list_filter = ("status", SELLER)
    list_select_related = ("seller",)
    search_fields = ("name__istartswith",)


class VariantInline(ReadOnlyInline):
    model = Variant
    fields = ("sku", "options", "status", "weight_in_grams", *shown_as(Variant, ("rrp",), _rrp), "updated_at")
    # The title holds the link to the variant's page.
    hide_title = False
    show_change_link = True


class ImageInline(ReadOnlyInline):
    model = Image
    fields = ("url", "alt", "position")


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "seller", "status_text", "updated_at")
    list_display_links = ("id", "title")
    list_filter = (("status", ChoicesDropdownFilter), SELLER)
    list_select_related = ("seller",)
    search_fields = ("title",)
    search_help_text = _("Search by words in the title, or by the start of a SKU")
    inlines = (VariantInline, ImageInline)
    fields = (
        *("seller", "title", "slug", "product_type", "brand", "attribute_set", "category_paths", "status"),
        *("description", "attribute_values", "revision", "created_at", "updated_at"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        if not search_term:
            return queryset, False
        words = SearchVector("title", config="simple")
        by_title = Product.objects.annotate(words=words).filter(words=SearchQuery(search_term, config="simple"))
        by_sku = with_sku(Variant.objects.all(), search_term).order_by()
        found = by_title.order_by().values("pk").union(by_sku.values("product"))
        return queryset.filter(pk__in=found), False

    @display(description=_("Status"))
    def status_text(self, product: Product) -> SafeString:
        return badge(product.get_status_display(), STATUS_COLORS[Status(product.status)])

    @display(description=_("Categories"))
    def category_paths(self, product: Product) -> str:
        return ", ".join(map(str, product.categories.order_by("path"))) or "-"

    @display(description=_("Attributes"))
    def attribute_values(self, product: Product) -> str:
        return as_json(product.attributes)


class StockInline(ReadOnlyInline):
    model = Stock
    fields = ("location", *shown_as(Stock, ("quantity", "min_level"), _quantity), "restock_date", "updated_at")


class PriceInline(ReadOnlyInline):
    model: type[Price | ScheduledPrice] = Price
    fields = ("price_list", "min_quantity", "max_quantity", *shown_as(Price, ("amount", "list_amount"), _amount))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("price_list")


class ScheduledPriceInline(PriceInline):
    model = ScheduledPrice
    fields = (*PriceInline.fields, "starts_at", "ends_at")


@admin.register(Variant)
class VariantAdmin(ReadOnlyAdmin):
    list_display = ("id", "sku", "product", "seller", "status", "updated_at")
    list_display_links = ("id", "sku")
    list_filter = (("status", ChoicesDropdownFilter), SELLER)
    list_select_related = ("product", "seller")
    search_fields = ("sku",)
    search_help_text = _("Search by the start of a SKU")
    inlines = (StockInline, PriceInline, ScheduledPriceInline)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Variant], search_term: str
    ) -> tuple[QuerySet[Variant], bool]:
        return (with_sku(queryset, search_term) if search_term else queryset), False


@admin.register(StockLocation)
class StockLocationAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "seller")
    list_filter = (SELLER,)
    list_select_related = ("seller",)
    search_fields = ("code", "name")


@admin.register(PriceList)
class PriceListAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "currency", "seller", "connection", "source")
    list_filter = (SELLER,)
    list_select_related = ("seller", "connection", "source")
    search_fields = ("name", "slug")
