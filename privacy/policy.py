"""Staging copy rules for erasures and for requests of shops. docs/masking.md describes the format."""

POLICY = {"privacy_erasure": {"*": "preserve"}, "privacy_privacyrequest": {"*": "preserve"}}

# A backup is older than the latest erasures: they are applied again to the restored data. What shops asked since the
# backup still has to be done.
KEPT = ("privacy_erasure", "privacy_privacyrequest")

RETENTION = {"privacy_erasure": "forever", "privacy_privacyrequest": "730 days by closed_at"}
