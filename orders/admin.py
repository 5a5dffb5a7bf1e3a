"""Console pages of customers and orders. They are read-only: the next sync would overwrite an edit."""

from decimal import Decimal
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
from common.admin import Color, ReadOnlyAdmin, ReadOnlyInline, badge, shown_as
from common.currencies import format_amount, format_quantity
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


def _amount(row: Any, amount: Decimal) -> str:
    return format_amount(amount, (row if isinstance(row, Order) else row.order).currency)


def _with_currency(order: Order, amount: Decimal) -> str:
    return f"{_amount(order, amount)} {order.currency}"


def _plain(row: Any, number: Decimal) -> str:
    return format_quantity(number)


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


class OrderInline(ReadOnlyInline):
    """Rows of an order, with amounts in its currency."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("order")


_QUANTITIES = ("quantity", "quantity_cancelled", "quantity_refunded", "quantity_shipped")
_LINE_AMOUNTS = ("unit_price_net", "unit_price_gross", "total_net", "tax", "total_gross", "discount_gross")


class LineInline(OrderInline):
    model = OrderLine
    fields = (
        *("sku", "title", "kind", "vendor", *shown_as(OrderLine, _QUANTITIES, _plain)),
        *(*shown_as(OrderLine, _LINE_AMOUNTS, _amount), "status"),
    )
    ordering = ("position", "pk")


class AdjustmentInline(OrderInline):
    model = OrderAdjustment
    verbose_name_plural = _("charges, discounts and payments")
    fields = (
        *("kind", "title", "code"),
        *shown_as(OrderAdjustment, ("net", "tax", "gross", "discount_gross"), _amount),
    )


class RefundInline(OrderInline):
    model = Refund
    fields = (
        *("number", "external_id"),
        *(*shown_as(Refund, ("gross", "shipping_gross", "adjustment"), _amount), "refunded_at"),
    )


class TargetTotalsInline(OrderInline):
    model = TargetTotals
    _amounts = shown_as(TargetTotals, ("expected_total", "total", "difference", "expected_tax", "tax"), _amount)
    fields = ("connection", *_amounts, "differs", "read_at")


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


_TOTALS = ("subtotal_net", "subtotal_gross", "total_net", "total", "tax", "shipping_cost", "paid", "refunded")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        *("number", "seller", "status_text", *shown_as(Order, ("total",), _with_currency), "reconciliation"),
        *(*shown_as(Order, ("difference",), _amount), "placed_at", "placed_through_b2b"),
    )
    list_filter = (("status", ChoicesDropdownFilter), ReconciliationFilter, "placed_through_b2b", SELLER)
    list_select_related = ("seller",)
    search_fields = ("number",)
    search_help_text = _("Search by exact order number")
    fields = (
        *("seller", "source", "number", "customer", "customer_reference", "status", "source_status", "currency"),
        *("base_currency", *shown_as(Order, ("exchange_rate",), _plain), "prices_include_tax"),
        *shown_as(Order, _TOTALS, _amount),
        *("reconciliation", *shown_as(Order, ("difference", "accepted_difference"), _amount), "read_version"),
        *("placed_at", "placed_through_b2b", "cart_id", "customer_note", "internal_note", "ip_address", "revision"),
        "updated_at",
    )
    inlines = (LineInline, AdjustmentInline, RefundInline, ShipmentInline, TargetTotalsInline, AddressInline)

    @display(description=_("Status"))
    def status_text(self, order: Order) -> SafeString:
        return badge(order.get_status_display(), ORDER_COLORS[Order.Status(order.status)])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return (queryset.filter(all_sellers_filter(), number=search_term) if search_term else queryset), False
