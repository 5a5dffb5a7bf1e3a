"""Price lists, the prices that apply now, and those that begin or end at a known time: see docs/prices.md."""

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from catalog.models.products import Variant
from hub.models import Connection


class PriceList(models.Model):
    """A list of prices in one currency. Each platform has one for its default prices (D12).

    `connection` is set for the list of a connection's default prices, `source` and `external_id` for any further list
    that was read from a connection. A list with customer groups is only for these.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="price_lists")
    connection = models.OneToOneField(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="price_list"
    )
    source = models.ForeignKey(Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    external_id = models.CharField(_("external ID"), max_length=200, blank=True, default="", db_default="")
    slug = models.SlugField(max_length=100)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, blank=True)
    customer_groups = models.JSONField(
        default=list,
        db_default=Value([], output_field=models.JSONField()),
        blank=True,
        help_text=_("Names of the groups that have these prices. Empty: all customers."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "slug"], name="catalog_price_list_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_price_list_of_seller"),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="catalog_price_list_of_source"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PriceTerms(models.Model):
    """The unit price from `min_quantity` up to `max_quantity`. `list_amount` is the price before a discount."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    min_quantity = models.PositiveIntegerField(default=1)
    max_quantity = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("The largest quantity to which the price applies. Empty: no limit.")
    )
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    list_amount = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)

    class Meta:
        abstract = True


class Price(PriceTerms):
    """A price that applies now. Targets get these."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="prices", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "price_list", "min_quantity"], name="catalog_price_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="catalog_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.variant}"


class ScheduledPrice(PriceTerms):
    """One of the prices for a quantity of which at least one begins or ends at a known time (C9).

    `starts_at` and `ends_at` (UTC; the end is exclusive) are empty for a price that applies until further notice, such
    as the regular price beside a special price. Where several apply, the lowest counts: it is the one in `Price`.
    `due_at` is when this one next begins or ends.
    """

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="scheduled_prices")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="scheduled_prices", db_index=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "price_list", "min_quantity", "starts_at", "ends_at"],
                nulls_distinct=False,
                name="catalog_scheduled_price_once",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="catalog_scheduled_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="catalog_scheduled_price_due")
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.variant} from {self.starts_at} to {self.ends_at}"
