"""Connections to platforms, the pause switch of a platform, and the source of truth per group of fields."""

import secrets

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller, User
from hub.fields import EncryptedJSONField
from hub.kinds import Role


def new_token() -> str:
    """A random URL-safe token of 192 bits for a webhook URL."""
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """An account on a platform. Without a seller, it belongs to the whole installation."""

    class State(models.TextChoices):
        NEW = "new", _("Not tested yet")
        ACTIVE = "active", _("Active")
        NEEDS_ATTENTION = "needs_attention", _("Needs attention")
        UNINSTALLED = "uninstalled", _("Uninstalled")

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, null=True, blank=True, related_name="connections")
    slug = models.SlugField(
        max_length=80, unique=True, help_text=_("Permanent identifier, can't be changed later. Must match on staging.")
    )
    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=40)
    role = models.CharField(max_length=10, choices=Role)
    base_url = models.URLField(_("base URL"), max_length=300)
    settings = models.JSONField(default=dict, blank=True)
    field_map = models.JSONField(
        _("field mapping"), default=dict, blank=True, help_text=_("Per data type: SyncCenter field → source field.")
    )
    credentials = EncryptedJSONField(null=True, blank=True)
    webhook_token = models.CharField(max_length=64, unique=True, default=new_token)
    webhook_secret = EncryptedJSONField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.NEW)
    state_reason = models.TextField(blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    read_only = models.BooleanField(
        _("dry run"), default=False, help_text=_("Dry run: changes are computed, nothing is sent.")
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class PlatformSwitch(models.Model):
    """Pauses all connections of a platform for as long as the row exists."""

    platform = models.CharField(max_length=40, unique=True)
    reason = models.CharField(max_length=200)
    paused_at = models.DateTimeField(default=timezone.now)
    paused_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("kill switch")
        verbose_name_plural = _("kill switches")

    def __str__(self) -> str:
        return f"{self.platform} paused: {self.reason}"


class Master(models.Model):
    """The connection that is the source of truth for a group of fields of a seller (L17). It wins conflicts."""

    class Group(models.TextChoices):
        CONTENT = "content", _("Content")
        PRICE = "price", _("Price")
        STOCK = "stock", _("Stock")
        IMAGES = "images", _("Images")
        CUSTOMERS = "customers", _("Customers")
        ORDERS = "orders", _("Orders")

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="masters")
    group = models.CharField(max_length=10, choices=Group)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="masters")

    class Meta:
        verbose_name = _("source of truth")
        verbose_name_plural = _("sources of truth")
        constraints = [models.UniqueConstraint(fields=["seller", "group"], name="hub_master_one_per_group")]

    def __str__(self) -> str:
        return f"{self.get_group_display()}: {self.connection}"
