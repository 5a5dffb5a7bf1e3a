"""Customers, their groups, and addresses."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller


class CustomerGroup(models.Model):
    """A group of customers."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="customer_groups")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "name"], name="orders_group_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="orders_group_of_seller"),
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A customer (D13). `revision` works as for products, with the sequence `orders_revision`."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        DISABLED = "disabled", _("Disabled")
        DELETED = "deleted", _("Deleted")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="customers", db_index=False)
    email = models.EmailField(max_length=320, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    company_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=50, blank=True)
    group = models.ForeignKey(CustomerGroup, on_delete=models.SET_NULL, null=True, blank=True)
    accounting_id = models.CharField(_("accounting ID"), max_length=100, blank=True)
    sales_agent_groups = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    price_lists = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    discount_percentage = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    payment_on_account = models.BooleanField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    b2b_enabled = models.BooleanField(
        _("B2B enabled"), default=False, help_text=_("Set by the source or by the filters of the import job.")
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    note = models.TextField(blank=True)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "id"], name="orders_customer_of_seller"),
            models.CheckConstraint(
                condition=Q(discount_percentage__isnull=True) | Q(discount_percentage__range=(0, 100)),
                name="orders_customer_discount_is_a_percentage",
            ),
        ]
        indexes = [
            models.Index(F("seller"), OpClass(Upper("email"), "text_pattern_ops"), name="orders_customer_email"),
            models.Index(F("seller"), OpClass(Upper("last_name"), "text_pattern_ops"), name="orders_customer_name"),
            models.Index(fields=["seller", "-updated_at"], name="orders_customer_recent"),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"customer {self.pk}"


class Address(models.Model):
    """A postal address that belongs either to a customer or to an order."""

    class Use(models.TextChoices):
        BILLING = "billing", _("Billing")
        SHIPPING = "shipping", _("Shipping")
        OTHER = "other", _("Other")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="addresses")
    order = models.ForeignKey("Order", on_delete=models.CASCADE, null=True, blank=True, related_name="addresses")
    use = models.CharField(max_length=8, choices=Use, default=Use.OTHER)
    external_id = models.CharField(_("external ID"), max_length=200, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=255, blank=True)
    street = models.CharField(max_length=255, blank=True)
    street2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=150, blank=True)
    region = models.CharField(max_length=150, blank=True)
    postcode = models.CharField(max_length=30, blank=True)
    country = models.CharField(max_length=2, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    email = models.EmailField(max_length=320, blank=True)

    class Meta:
        verbose_name_plural = _("addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=True) ^ Q(order__isnull=True),
                name="orders_address_has_one_owner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.postcode} {self.city}".strip() or f"address {self.pk}"
