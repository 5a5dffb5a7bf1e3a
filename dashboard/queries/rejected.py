"""Items that were not imported: their rows, their issues, and what became of them.

An item is usually called by its kind and its ID at the source (`product:7`), and by the ID alone if that says the kind
(`variant:671`, a variant without a product).
"""

from django.db.models import QuerySet

from dashboard.queries.items import Ref
from hub import links
from synclog.models import Issue, RejectedItem


def rejected_item_of(issue: Issue) -> RejectedItem | None:
    """What was received of the issue's item, as long as it is not imported."""
    ids = (issue.external_id, issue.external_id.partition(":")[2])
    rows = RejectedItem.objects.filter(seller=issue.seller_id, job=issue.job_id, external_id__in=ids)
    return rows.select_related("job__connection").first()


def issues_of_rejected(item: RejectedItem) -> QuerySet[Issue]:
    return Issue.objects.filter(seller=item.seller_id, job=item.job_id, external_id__in=refs_of(item))


def refs_of(item: RejectedItem) -> tuple[str, str]:
    """What issues may call the item."""
    return item.external_id, f"{item.kind.partition('@')[0]}:{item.external_id}"


def imported_item_of(issue: Issue) -> Ref:
    """The item that was imported after the issue was opened; without ID if there is none."""
    kind, _colon, external_id = issue.external_id.partition(":")
    if issue.job is None:
        return (kind, None)
    return (kind, links.item_ids(issue.job.connection_id, kind, [external_id]).get(external_id))
