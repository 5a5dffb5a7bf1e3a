"""Staging copy rules for sync logs. docs/masking.md describes the format.

Issues, statuses and timelines of live are not copied: they may contain personal data, and staging writes its own.
"""

POLICY = {
    "synclog_synclog": {
        "id": "keep",
        "seller_id": "keep",
        "connection_id": "keep",
        "integration": "scrub:unique",
        "data_type": "keep",
        "started_full_sync": "keep",
        "last_full_sync": "keep",
        "last_full_sync_succeeded": "keep",
        "last_update": "keep",
    },
    "synclog_remotelog": {"*": "empty"},
    "synclog_untold": {"*": "empty"},
    "synclog_issue": {"*": "empty"},
    "synclog_causestate": {"*": "empty"},
    "synclog_savedview": {"*": "empty"},
    "synclog_itemstatus": {"*": "empty"},
    "synclog_itemevent": {"*": "empty"},
    "synclog_rejecteditem": {"*": "empty"},
}

RETENTION = {
    "synclog_synclog": "forever",
    "synclog_remotelog": "with synclog_synclog",
    "synclog_untold": "with synclog_synclog",
    "synclog_issue": "365 days by resolved_at",
    "synclog_causestate": "with accounts_seller",
    "synclog_savedview": "with accounts_user",
    "synclog_itemstatus": "with hub_job",
    "synclog_itemevent": "90 days by at",
    "synclog_rejecteditem": "90 days by received_at",
}
