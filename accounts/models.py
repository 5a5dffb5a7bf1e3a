"""Users, sellers, memberships, dropship agreements, API keys and the audit log."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.managers import UserManager


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in with an email address, which is case-insensitive."""

    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(_("operator"), default=False, help_text=_("Can access the admin console."))
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    region = models.CharField(
        max_length=5, blank=True, db_default="", help_text=_("Formats of numbers and dates; empty: as the browser.")
    )
    time_zone = models.CharField(max_length=60, blank=True, db_default="", help_text=_("Empty: that of the seller."))
    kept_on_staging = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Created on staging. Copies from live keep the account there."),
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_any_case")]
        permissions = [("impersonate_user", _("Can see the dashboard as another person"))]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and settings.ENVIRONMENT == "staging":
            self.kept_on_staging = True
        super().save(*args, **kwargs)


class Seller(models.Model):
    """A merchant: the tenant that owns all business data."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        DELETED = "deleted", _("Deleted")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    time_zone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, blank=True, help_text=_("ISO 4217 code, set from the shop's settings."))
    contact_name = models.CharField(max_length=150, blank=True)
    contact_email = models.EmailField(blank=True)
    phone = models.CharField(max_length=50, blank=True)
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=50, blank=True)
    bank_account = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    members: models.ManyToManyField = models.ManyToManyField(User, through="Membership", related_name="sellers")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role at a seller."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MEMBER = "member", _("Member")
        VIEWER = "viewer", _("Viewer")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seller"], name="accounts_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.seller}"


class Invitation(models.Model):
    """An owner invites somebody to a seller's team by email. The link in the email contains a token."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Membership.Role)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="accounts_invitation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.seller}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class DropshipAgreement(models.Model):
    """A vendor ships lines of another seller's orders (S9). The vendor is also a seller and has an ERP connection.

    After an agreement has ended, no new orders are forwarded, but shipments of earlier ones are still imported.
    """

    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="served_by", help_text=_("The seller who receives the orders.")
    )
    vendor = models.ForeignKey(
        Seller,
        on_delete=models.CASCADE,
        related_name="serves",
        help_text=_("The seller who ships the lines. Orders are sent to this seller's ERP."),
    )
    name_on_lines = models.CharField(
        max_length=100, help_text=_("The vendor's name on the seller's order lines. Not case-sensitive.")
    )
    active = models.BooleanField(default=True, help_text=_("Clear to stop forwarding orders."))
    since = models.DateTimeField(
        default=timezone.now, help_text=_("Only orders placed from this time on are forwarded.")
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seller", "vendor"]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "vendor"],
                name="accounts_agreement_once",
                violation_error_message=_("This seller already has an agreement with this vendor. Edit that one."),
            ),
            models.UniqueConstraint(
                F("seller"),
                Upper("name_on_lines"),
                name="accounts_agreement_name_once",
                violation_error_message=_("Another vendor already uses this name on the seller's order lines."),
            ),
            models.CheckConstraint(
                condition=~Q(seller=F("vendor")),
                name="accounts_agreement_of_two",
                violation_error_message=_("Seller and vendor must be different."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} ships for {self.seller}"


class ApiKey(models.Model):
    """A key for API clients. Only its hash is stored; the key itself is shown once, when it is created.

    A key with a user acts on behalf of that user and is replaced on staging (L6). A key without a user belongs to a
    system, such as a shop or an OMS, and keeps its staging value (L8).
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API key")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEvent(models.Model):
    """An entry of the audit log: who did what to which object. Written by services, never updated."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True, help_text=_("The affected object, for example `job 7 (…)`."))
    detail = models.JSONField(default=dict)
    ip_address = models.GenericIPAddressField(
        _("IP address"), null=True, help_text=_("The client's address. Empty if a worker or a command did it.")
    )

    class Meta:
        ordering = ["-at"]
        permissions = [("export_auditevent", _("Can download the audit log"))]
        indexes = [models.Index(fields=["seller", "-at"], name="accounts_audit_by_seller")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.target}"


class CacheEntry(models.Model):
    """A row of Django's database cache, which creates and deletes them itself."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
