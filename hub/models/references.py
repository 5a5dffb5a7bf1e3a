"""References of imported items to items that are not here yet."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hub.kinds import Kind
from hub.models.connections import Connection


class PendingReference(models.Model):
    """An item of a source refers to another item of it that was not imported yet: for example, a product to its brand.

    Only `hub/references.py` reads and writes these rows (C2).
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    item_id = models.BigIntegerField(_("item ID"))
    target_kind = models.CharField(max_length=20, choices=Kind)
    external_id = models.CharField(_("external ID"), max_length=200, help_text=_("The source’s ID of the other item."))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "item_id", "target_kind", "external_id"], name="hub_reference_once"
            )
        ]
        indexes = [
            models.Index(fields=["connection", "target_kind", "external_id"], name="hub_reference_target"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.item_id} refers to {self.target_kind} {self.external_id}"
