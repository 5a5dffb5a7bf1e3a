"""Refunds (credit memos) of orders (M5)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from orders.models.amounts import amount_field
from orders.models.orders import Order, OrderLine


class Refund(models.Model):
    """Money that was returned to the customer. `gross` is the whole refund.

    `shipping_net` and `shipping_gross` are the part for charges, `adjustment` the part that belongs to no line and no
    charge: positive if it was added to the refund, negative if it was withheld.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    external_id = models.CharField(_("external ID"), max_length=200, blank=True)
    number = models.CharField(max_length=100, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    net = amount_field()
    tax = amount_field()
    gross = amount_field()
    shipping_net = amount_field()
    shipping_gross = amount_field()
    adjustment = amount_field()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "id"], name="orders_refund_of_seller")]

    def __str__(self) -> str:
        return f"refund {self.number or self.external_id or self.pk}"


class RefundLine(models.Model):
    """The quantity and money of an order line in a refund. The quantity is zero if only money was returned."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    net = amount_field()
    tax = amount_field()
    gross = amount_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "order_line"], name="orders_refund_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="orders_refund_line_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.order_line}"
