"""Users, sellers and the keys with which programs come in."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone

from accounts.managers import UserManager


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Logs in by e-mail address, whose case does not matter."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("operator", default=False, help_text="May enter the admin console.")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_any_case")]

    def __str__(self) -> str:
        return self.email


class Seller(models.Model):
    """A merchant: the tenant that every row of business data belongs to."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        DELETED = "deleted"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    time_zone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217; set by the shop's settings.")
    contact_name = models.CharField(max_length=150, blank=True)
    contact_email = models.EmailField(blank=True)
    phone = models.CharField(max_length=50, blank=True)
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    tax_id = models.CharField(max_length=50, blank=True)
    bank_account = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    members: models.ManyToManyField = models.ManyToManyField(User, through="Membership", related_name="sellers")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a user may do for a seller."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"
        VIEWER = "viewer"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "seller"], name="accounts_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.seller}"


class DropshipAgreement(models.Model):
    """A vendor, itself a seller here with an ERP of its own, ships lines of another seller's orders (S9).

    An ended one passes no more orders on; what the vendor reports about those that it got is still taken.
    """

    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="served_by", help_text="Whose orders hold the lines."
    )
    vendor = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="serves", help_text="Whose ERP gets them; a seller here as well."
    )
    name_on_lines = models.CharField(
        max_length=100, help_text="What the seller's order lines call the vendor, in upper or lower case."
    )
    active = models.BooleanField(default=True, help_text="Ended: no more orders are passed on.")
    since = models.DateTimeField(default=timezone.now, help_text="Orders placed before this are not passed on.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seller", "vendor"]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "vendor"],
                name="accounts_agreement_once",
                violation_error_message="The seller has an agreement with this vendor already: change that one.",
            ),
            models.UniqueConstraint(
                F("seller"),
                Upper("name_on_lines"),
                name="accounts_agreement_name_once",
                violation_error_message="Another vendor goes by this name in the seller's orders already.",
            ),
            models.CheckConstraint(
                condition=~Q(seller=F("vendor")),
                name="accounts_agreement_of_two",
                violation_error_message="Seller and vendor must be two: what one ships itself needs no agreement.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} ships for {self.seller}"


class ApiKey(models.Model):
    """A key for programs. Only its hash is kept; the key itself is shown once, when it is made.

    A key with a user acts for that person and is replaced on staging (L6); one without belongs to a system
    (a shop, an OMS) and keeps its staging value there (L8).
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

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEvent(models.Model):
    """Who did what, when, to which thing. Written by services, never changed."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    seller = models.ForeignKey(Seller, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True, help_text="What it was done to, readable: `job 7 (…)`.")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["seller", "-at"], name="accounts_audit_by_seller")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.target}"
