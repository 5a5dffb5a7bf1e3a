"""Orders with their lines, and the charges and discounts of an order (M1, M2)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from catalog.models import Variant
from hub.models import Connection
from orders.models.amounts import amount_field, quantity_field
from orders.models.customers import Customer

# Orders of version 1 were read without net amounts, charges, discounts and quantities by line. They are read again.
READ_VERSION = 2


class Order(models.Model):
    """An order. Its status comes from the source of truth for orders (D14, L17).

    `total` is what lines and charges cost after discounts, with tax; gift cards and store credit are payments and do
    not lower it. `tax` and `total_net` belong to it. `subtotal_*` are the lines before discounts. `exchange_rate` times
    an amount of the order is the amount in the base currency. `difference` is what the rows add up to minus `total`
    (M3); empty if the source does not provide enough amounts to add up.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        CONFIRMED = "confirmed", _("Confirmed")
        PARTLY_SHIPPED = "partly_shipped", _("Partially shipped")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", _("Delivered")
        CANCELLED = "cancelled", _("Canceled")
        RETURNED = "returned", _("Returned")
        REFUNDED = "refunded", _("Refunded")

    class Reconciliation(models.TextChoices):
        UNKNOWN = "", _("Not checked")
        BALANCED = "balanced", _("Adds up")
        DIFFERENT = "different", _("Does not add up")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="orders", db_index=False)
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    number = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders")
    customer_reference = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "The customer's ID in the source, also while the customer has not been imported. Empty for guests."
        ),
    )
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    source_status = models.CharField(max_length=60, blank=True, help_text=_("The status in the source."))
    currency = models.CharField(max_length=3)
    base_currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    prices_include_tax = models.BooleanField(null=True, blank=True)
    subtotal_net = amount_field()
    subtotal_gross = amount_field()
    total_net = amount_field()
    total = models.DecimalField(max_digits=14, decimal_places=4)
    tax = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    shipping_cost = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    paid = amount_field()
    refunded = amount_field()
    reconciliation = models.CharField(
        max_length=9, choices=Reconciliation, blank=True, default=Reconciliation.UNKNOWN, db_default=""
    )
    difference = amount_field()
    accepted_difference = amount_field(
        help_text=_("A difference that a person accepted, so that the order is sent despite it.")
    )
    read_version = models.PositiveSmallIntegerField(
        default=READ_VERSION, db_default=1, help_text=_("The version of SyncCenter's order model it was read with.")
    )
    placed_at = models.DateTimeField()
    placed_through_b2b = models.BooleanField(_("placed through B2B"), default=False)
    cart_id = models.CharField(
        _("cart ID"), max_length=100, blank=True, help_text=_("The ID of the order in the B2B storefront.")
    )
    customer_note = models.TextField(blank=True)
    internal_note = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    revision = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "id"], name="orders_order_of_seller"),
            models.UniqueConstraint(
                fields=["source", "number"], condition=~Q(number=""), name="orders_order_number_once"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-placed_at"], name="orders_order_recent"),
            models.Index(
                fields=["seller", "number"],
                opclasses=["int8_ops", "text_pattern_ops"],
                name="orders_order_number",
            ),
            models.Index(fields=["seller", "status", "-placed_at"], name="orders_order_status"),
            models.Index(
                fields=["source", "customer_reference"],
                condition=Q(customer__isnull=True) & ~Q(customer_reference=""),
                name="orders_order_awaits_customer",
            ),
            # Few orders at any time: those to be read again, and those whose amounts do not add up.
            models.Index(fields=["source"], condition=Q(read_version=1), name="orders_order_read_again"),
            models.Index(
                fields=["seller", "-placed_at"], condition=Q(reconciliation="different"), name="orders_order_different"
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.number}"


class OrderLine(models.Model):
    """A line of an order (M1). Lines removed from the order are kept as canceled, with amounts of zero.

    `quantity` is what was ordered. `total_net`, `tax` and `total_gross` are those of the whole line after discounts;
    `discount_net` and `discount_gross` are its share of the discounts, so that together they are the line before
    discounts. Prices of one piece are before discounts. The price of a bundle stands either on the bundle or on its
    parts, and the other side has amounts of zero.
    """

    class Kind(models.TextChoices):
        SIMPLE = "simple", _("Simple")
        CONFIGURABLE = "configurable", _("Configurable")
        BUNDLE = "bundle", _("Bundle")
        BUNDLE_PART = "bundle_part", _("Part of a bundle")
        KIT = "kit", _("Kit")
        GROUPED = "grouped", _("Grouped")
        VIRTUAL = "virtual", _("Virtual")
        DOWNLOADABLE = "downloadable", _("Downloadable")
        GIFT_CARD = "gift_card", _("Gift card")
        CUSTOM = "custom", _("Custom")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    # The index is partial, and the database constraint by seller (migration 0006), so that neither locks the table.
    parent = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="parts",
        db_index=False,
        db_constraint=False,
        help_text=_("The bundle or kit that the line is a part of."),
    )
    variant = models.ForeignKey(Variant, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.SIMPLE, db_default="simple")
    needs_shipping = models.BooleanField(default=True, db_default=True)
    position = models.PositiveIntegerField(default=0)
    sku = models.CharField(_("SKU"), max_length=255, blank=True)
    title = models.TextField(blank=True)
    vendor = models.CharField(max_length=100, blank=True, help_text=_("Ships the line. Empty if the seller does."))
    delivery_address = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("External ID of the delivery address, for orders that have several."),
    )
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    quantity_cancelled = quantity_field()
    quantity_refunded = quantity_field()
    quantity_shipped = quantity_field(help_text=_("As the source tells it. Shipments may report more."))
    unit_price = models.DecimalField(
        max_digits=14, decimal_places=4, help_text=_("With tax, if the source tells it with tax.")
    )
    unit_price_net = amount_field()
    unit_price_gross = amount_field()
    total_net = amount_field()
    tax = amount_field()
    total_gross = amount_field()
    tax_rate = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True, help_text=_("In percent."))
    discount_net = amount_field()
    discount_gross = amount_field()
    status = models.CharField(max_length=16, choices=Order.Status, default=Order.Status.PENDING)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "id"], name="orders_line_of_seller"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="orders_line_quantity_not_negative"),
            models.CheckConstraint(
                condition=Q(quantity_cancelled__gte=0, quantity_refunded__gte=0, quantity_shipped__gte=0),
                name="orders_line_quantities_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="orders_line_parent"),
            models.Index(
                fields=["seller", "sku"], condition=Q(variant__isnull=True) & ~Q(sku=""), name="orders_line_unknown"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku or self.title}"


class OrderAdjustment(models.Model):
    """A charge, a discount, or a payment by gift card or store credit of an order (M2). Amounts of all are positive.

    A charge is added to the lines, a discount deducted; `Kind` has both. A discount holds its whole amount, of which
    lines and charges have shares. As on lines, `net`, `tax` and `gross` of a charge are after discounts, and
    `discount_*` its share of them.
    """

    class Kind(models.TextChoices):
        SHIPPING = "shipping", _("Shipping")
        HANDLING = "handling", _("Handling")
        WRAPPING = "wrapping", _("Gift wrapping")
        FEE = "fee", _("Fee")
        ROUNDING = "rounding", _("Rounding")
        DISCOUNT = "discount", _("Discount")
        COUPON = "coupon", _("Coupon")
        GIFT_CARD = "gift_card", _("Gift card")
        STORE_CREDIT = "store_credit", _("Store credit")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="adjustments")
    position = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=100, blank=True, help_text=_("Code of the coupon or number of the gift card."))
    net = amount_field()
    tax = amount_field()
    gross = amount_field()
    tax_rate = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True, help_text=_("In percent."))
    discount_net = amount_field()
    discount_gross = amount_field()

    def __str__(self) -> str:
        return f"{self.kind} {self.gross if self.gross is not None else self.net}"
