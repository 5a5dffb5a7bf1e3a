"""The totals that targets computed for orders (M4)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from hub.models import Connection
from orders.models.amounts import amount_field
from orders.models.orders import Order


class TargetTotals(models.Model):
    """What a target computed for an order, or for a vendor's part of it, beside what it was expected to compute."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="target_totals")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    expected_total = amount_field()
    expected_tax = amount_field()
    total = amount_field()
    tax = amount_field()
    difference = amount_field(help_text=_("The target's total minus the expected total."))
    differs = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("More than rounding. Totals of earlier releases are not marked."),
    )
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = _("target totals")
        indexes = [
            models.Index(fields=["order"], condition=models.Q(differs=True), name="orders_target_totals_differ"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "connection"], name="orders_target_totals_once"),
        ]

    def __str__(self) -> str:
        return f"{self.total} of {self.order} at {self.connection}"
