"""Console pages of customers and orders. They are read-only: the next sync would overwrite an edit."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.models import Seller
from common.admin import Color, ReadOnlyAdmin, ReadOnlyInline, badge
from orders.models import (
    Address,
    Customer,
    CustomerGroup,
    Order,
    OrderAdjustment,
    OrderLine,
    Refund,
    Shipment,
    TargetTotals,
)
from orders.queries import unreconciled_orders

SELLER = ("seller", AutocompleteSelectFilter)
ORDER_COLORS: dict[Order.Status, Color] = {
    Order.Status.PENDING: "warning",
    Order.Status.CONFIRMED: "info",
    Order.Status.PARTLY_SHIPPED: "info",
    Order.Status.SHIPPED: "success",
    Order.Status.DELIVERED: "success",
    Order.Status.CANCELLED: "default",
    Order.Status.RETURNED: "default",
    Order.Status.REFUNDED: "default",
}


def all_sellers_filter() -> Q:
    """All sellers: every index of these tables starts with the seller, so a search without one would not use it."""
    return Q(seller__in=list(Seller.objects.order_by().values_list("pk", flat=True)))


class AddressInline(ReadOnlyInline):
    model = Address
    fields = ("use", "first_name", "last_name", "company", "street", "postcode", "city", "country", "phone")


@admin.register(CustomerGroup)
class CustomerGroupAdmin(ReadOnlyAdmin):
    list_display = ("name", "seller")
    list_filter = (SELLER,)
    list_select_related = ("seller",)
    search_fields = ("name",)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("id", "__str__", "email", "company_name", "seller", "b2b_enabled", "status", "updated_at")
    list_display_links = ("id", "__str__")
    list_filter = ("status", "b2b_enabled", SELLER)
    list_select_related = ("seller",)
    search_fields = ("email",)
    search_help_text = _("Search by exact email address or last name")
    inlines = (AddressInline,)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        if not search_term:
            return queryset, False
        if "@" in search_term:
            queryset = queryset.alias(upper_email=Upper("email")).filter(upper_email=search_term.upper())
        else:
            queryset = queryset.filter(last_name=search_term)
        return queryset.filter(all_sellers_filter()), False


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        "position", "kind", "sku", "title", "vendor", "quantity", "quantity_cancelled", "quantity_refunded",
        "quantity_shipped", "unit_price_net", "unit_price_gross", "total_net", "tax", "total_gross", "discount_gross",
        "status",
    )  # fmt: skip
    ordering = ("position", "pk")


class AdjustmentInline(ReadOnlyInline):
    model = OrderAdjustment
    verbose_name_plural = _("charges, discounts and payments")
    fields = ("kind", "title", "code", "net", "tax", "gross", "discount_gross")


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("number", "external_id", "gross", "shipping_gross", "adjustment", "refunded_at")


class TargetTotalsInline(ReadOnlyInline):
    model = TargetTotals
    fields = ("connection", "expected_total", "total", "difference", "expected_tax", "tax", "differs", "read_at")


class ShipmentInline(ReadOnlyInline):
    model = Shipment
    fields = ("external_id", "carrier", "tracking_numbers", "shipped_at")


class ReconciliationFilter(admin.SimpleListFilter):
    """The report of orders that do not reconcile: `?differences=open`."""

    title = _("differences")
    parameter_name = "differences"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("open", _("All open differences")),
            ("source", _("Does not add up")),
            ("target", _("Differs at a target")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        found = queryset & unreconciled_orders() if self.value() else queryset
        match self.value():
            case "source":
                return found.filter(reconciliation=Order.Reconciliation.DIFFERENT)
            case "target":
                return found.filter(target_totals__differs=True).distinct()
        return found


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        "number", "seller", "status_text", "total", "currency", "reconciliation", "difference",
        "placed_at", "placed_through_b2b",
    )  # fmt: skip
    list_filter = (("status", ChoicesDropdownFilter), ReconciliationFilter, "placed_through_b2b", SELLER)
    list_select_related = ("seller",)
    search_fields = ("number",)
    search_help_text = _("Search by exact order number")
    inlines = (LineInline, AdjustmentInline, RefundInline, ShipmentInline, TargetTotalsInline, AddressInline)

    @display(description=_("Status"))
    def status_text(self, order: Order) -> SafeString:
        return badge(order.get_status_display(), ORDER_COLORS[Order.Status(order.status)])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return (queryset.filter(all_sellers_filter(), number=search_term) if search_term else queryset), False
