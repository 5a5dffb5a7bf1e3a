"""Which item of ours is which over there, and what was exchanged about it."""

from django.db import models

from hub.models.connections import Connection


class Link(models.Model):
    """(connection, kind, external id) ↔ local item, unique both ways (L9, S7)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links", db_index=False)
    kind = models.CharField(max_length=40, help_text="A Kind, for a category with its storefront: `category@2`.")
    external_id = models.CharField(max_length=200)
    item_id = models.BigIntegerField()
    # Import side: hash of what was received, and when the source changed it.
    received_hash = models.BinaryField(max_length=16, null=True)
    source_updated_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    seen_run = models.BigIntegerField(null=True, help_text="The last full read that met it.")
    missing = models.BooleanField(default=False, help_text="The source has it no more.")
    # Export side: what was last sent, and what the target made of it (so that normalising targets do not ping-pong).
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
    """The last and the previous payload received, and the last one sent (S7). Beside Link, to keep that row small."""

    link = models.OneToOneField(Link, on_delete=models.CASCADE, primary_key=True, related_name="payload")
    received = models.JSONField(null=True)
    previous = models.JSONField(null=True)
    sent = models.JSONField(null=True)
    received_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"payloads of {self.link}"
