"""Who talks to whom: connections, the kill switch of a platform, masters of fields. Edited by people."""

import secrets

from django.db import models
from django.utils import timezone

from accounts.models import Seller, User
from hub.fields import EncryptedJSONField
from hub.kinds import Role


def new_token() -> str:
    """A random token for a webhook address: 192 bits, safe in a URL."""
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """One account on a platform, of one seller or (seller empty) of the whole installation."""

    class State(models.TextChoices):
        NEW = "new", "never verified"
        ACTIVE = "active"
        NEEDS_ATTENTION = "needs_attention", "needs attention"
        UNINSTALLED = "uninstalled"

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, null=True, blank=True, related_name="connections")
    slug = models.SlugField(max_length=80, unique=True, help_text="Never changes: staging finds its own rows by it.")
    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    role = models.CharField(max_length=10, choices=Role)
    base_url = models.URLField(max_length=300)
    settings = models.JSONField(default=dict, blank=True)
    field_map = models.JSONField(
        default=dict, blank=True, help_text="Our field → the source's field, per kind of data."
    )
    credentials = EncryptedJSONField(null=True, blank=True)
    webhook_token = models.CharField(max_length=64, unique=True, default=new_token)
    webhook_secret = EncryptedJSONField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.NEW)
    state_reason = models.TextField(blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    read_only = models.BooleanField(default=False, help_text="Dry: everything is decided, nothing is written there.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PlatformSwitch(models.Model):
    """The kill switch of a platform: while a row stands here, no lane of that platform is served."""

    platform = models.CharField(max_length=40, unique=True)
    reason = models.CharField(max_length=200)
    paused_at = models.DateTimeField(default=timezone.now)
    paused_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.platform} paused: {self.reason}"


class Master(models.Model):
    """Which connection is the master of a group of fields for a seller (L17). The master wins a conflict."""

    class Group(models.TextChoices):
        CONTENT = "content"
        PRICE = "price"
        STOCK = "stock"
        IMAGES = "images"
        CUSTOMERS = "customers"
        ORDERS = "orders"

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="masters")
    group = models.CharField(max_length=10, choices=Group)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="masters")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "group"], name="hub_master_one_per_group")]

    def __str__(self) -> str:
        return f"{self.connection} is master of {self.group}"
