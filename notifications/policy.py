"""Staging copy rules. People of live get no messages from staging. docs/masking.md describes the format."""

POLICY = {
    "notifications_preference": {"*": "empty"},
    "notifications_chataddress": {"*": "empty"},
    "notifications_acknowledgement": {"*": "empty"},
}

RETENTION = {
    "notifications_preference": "with accounts_user",
    "notifications_chataddress": "with accounts_user",
    "notifications_acknowledgement": "with hub_alert",
}
