"""The ledger of erasures."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """The erasure of a person's data: which rows, never whose.

    The rows are applied again after a restore, and to copies. They have no foreign keys, because they stay when live is
    replaced by a backup.
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
