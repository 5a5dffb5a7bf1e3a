"""Links between our items and the IDs that platforms give them: find, save and end them, and detect conflicts.

A link is unique in both directions (L9): at a connection, an external ID of a kind belongs to one item, and an item has
one external ID. All other code calls this package; tests/conventions/test_links.py checks it. Finders return querysets
or mappings; functions that write take a queryset of a finder, narrowed by the caller.
"""

from hub.links.conflicts import NewLink, find_conflicts, holders
from hub.links.ending import end_at_target, end_removed, forget_sent, mark_missing, unlink
from hub.links.finding import (
    HighestId,
    KnownLink,
    by_external_id,
    by_item,
    everywhere,
    external_ids,
    highest_ids,
    imported,
    item_ids,
    known,
    link_kind_label,
    of_item,
    of_items,
    of_job,
    of_kind,
    payload_of,
)
from hub.links.payloads import (
    EMPTY_PAYLOADS,
    IDS_OF_PERSON,
    OF_PERSON,
    empty_old_payloads,
    latest_received,
    payloads_of,
)
from hub.links.saving import (
    ReceivedItem,
    SentItem,
    confirm_revisions,
    mark_seen,
    save_received,
    save_reported,
    save_sent,
)

__all__ = [
    "NewLink",
    "EMPTY_PAYLOADS",
    "IDS_OF_PERSON",
    "OF_PERSON",
    "HighestId",
    "KnownLink",
    "ReceivedItem",
    "SentItem",
    "by_external_id",
    "by_item",
    "confirm_revisions",
    "empty_old_payloads",
    "end_at_target",
    "end_removed",
    "everywhere",
    "external_ids",
    "find_conflicts",
    "forget_sent",
    "highest_ids",
    "holders",
    "imported",
    "item_ids",
    "known",
    "link_kind_label",
    "latest_received",
    "mark_missing",
    "mark_seen",
    "of_item",
    "of_job",
    "of_items",
    "of_kind",
    "payload_of",
    "payloads_of",
    "save_received",
    "save_reported",
    "save_sent",
    "unlink",
]
