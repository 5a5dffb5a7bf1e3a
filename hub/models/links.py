"""Links between items and their external IDs, with hashes and payloads of what was exchanged."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hub.models.connections import Connection


class Link(models.Model):
    """Maps (connection, kind, external ID) to an item, unique in both directions (L9, S7)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links", db_index=False)
    kind = models.CharField(
        max_length=40, help_text=_("Kind of item. Categories include their storefront, for example `category@2`.")
    )
    external_id = models.CharField(_("external ID"), max_length=200)
    item_id = models.BigIntegerField(_("item ID"))
    # Import: hash of the last payload received, and when the source changed it.
    received_hash = models.BinaryField(max_length=16, null=True)
    source_updated_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    seen_run = models.BigIntegerField(null=True, help_text=_("The last full import that contained the item."))
    missing = models.BooleanField(default=False, help_text=_("No longer in the source."))
    # Export: hashes of what was last sent and of what the target returned, so that values that a target normalizes are
    # not sent again and again.
    sent_hash = models.BinaryField(max_length=16, null=True)
    sent_revision = models.BigIntegerField(null=True)
    echo_hash = models.BinaryField(max_length=16, null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="hub_link_external_once"),
            models.UniqueConstraint(fields=["connection", "kind", "item_id"], name="hub_link_item_once"),
        ]
        indexes = [models.Index(fields=["kind", "item_id"], name="hub_link_of_item")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id} at {self.connection}"


class LinkPayload(models.Model):
    """The last two payloads received and the last one sent (S7). Kept apart from Link to keep its rows small."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="payload")
    received = models.JSONField(null=True)
    previous = models.JSONField(null=True)
    sent = models.JSONField(null=True)
    received_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"payloads of {self.link}"
