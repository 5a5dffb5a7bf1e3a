"""Shipments of orders."""

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from hub.models import Connection
from orders.models.orders import Order, OrderLine


class Shipment(models.Model):
    """A parcel with lines of an order."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments")
    reported_by = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The ERP that reported the shipment. Empty if it was imported with the order."),
    )
    external_id = models.CharField(_("external ID"), max_length=200, blank=True)
    carrier = models.CharField(max_length=100, blank=True)
    tracking_numbers = models.JSONField(default=list, db_default=Value([], output_field=models.JSONField()), blank=True)
    # As many of them as fit, joined by commas, for releases before the list.
    tracking_number = models.CharField(max_length=100, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "id"], name="orders_shipment_of_seller")]

    def __str__(self) -> str:
        return f"shipment {', '.join(self.all_tracking_numbers) or self.pk}"

    @property
    def all_tracking_numbers(self) -> list[str]:
        """Also those of a shipment that was stored by a release before the list."""
        return self.tracking_numbers or [each.strip() for each in self.tracking_number.split(",") if each.strip()]


class ShipmentLine(models.Model):
    """The quantity of an order line in a shipment."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "order_line"], name="orders_shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_shipment_line_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_line}"
