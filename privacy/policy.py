"""Staging copy rules for the ledger of erasures. docs/staging-copy.md describes the format."""

POLICY = {"privacy_erasure": {"*": "preserve"}}

# A backup is older than the latest erasures: they are applied again to the restored data.
KEPT = ("privacy_erasure",)

RETENTION = {"privacy_erasure": "forever"}
