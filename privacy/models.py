"""The ledger of erasures, and what shops ask to do with personal data. Neither has foreign keys, because both stay when
live is replaced by a backup."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors.sdk.webhooks import PrivacyAction


class Erasure(models.Model):
    """The erasure of a person's data: which rows, never whose.

    The rows are applied again after a restore, and to copies.
    """

    at = models.DateTimeField(default=timezone.now)
    seller = models.CharField(max_length=60, help_text=_("The slug of the seller."))
    customer_ids = ArrayField(models.BigIntegerField(), default=list)
    order_ids = ArrayField(models.BigIntegerField(), default=list)
    # Of what was never imported.
    rejected_item_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    requested_by = models.CharField(max_length=40, help_text=_("For example `user 7`."))
    rows = models.JSONField(default=dict, help_text=_("What was erased → number of rows or files."))

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.seller}"


class PrivacyRequest(models.Model):
    """What a shop asked by a webhook to do with personal data, and until when; one row for each seller.

    `order_ids` and `email` are needed to find the person, and emptied when the request is closed.
    """

    ACTIONS = (
        (PrivacyAction.EXPORT.value, _("Export a customer’s data")),
        (PrivacyAction.ERASE.value, _("Erase a customer’s data")),
        (PrivacyAction.ERASE_ALL.value, _("Erase all customers of the store")),
    )

    action = models.CharField(_("request"), max_length=10, choices=ACTIONS)
    seller = models.CharField(max_length=60, blank=True, help_text=_("The slug of the seller."))
    account = models.CharField(_("store"), max_length=200)
    connection_ids = ArrayField(models.BigIntegerField())
    delivery_id = models.CharField(_("delivery ID"), max_length=200)
    customer_id = models.TextField(_("customer ID"), blank=True, help_text=_("The customer’s ID in the store."))
    order_ids = ArrayField(models.TextField(), default=list, blank=True)
    email = models.CharField(max_length=320, blank=True)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(_("due"))
    confirmed_by = models.CharField(max_length=40, blank=True, help_text=_("Who had all customers erased."))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.CharField(max_length=40, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "delivery_id"], name="privacy_request_once")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.account}, {self.received_at:%Y-%m-%d}"
