"""Services for imports of search feeds: list removals, force an import."""

from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event
from catalog.models import Product
from connectors.models import FeedImport
from connectors.sdk.operations import Action
from hub import lanes
from hub.kinds import Direction
from hub.models import Job
from hub.services import resume_job

State = FeedImport.State


def removed_titles(feed: FeedImport, *, limit: int) -> list[str]:
    """Titles of products that the import removes from the search engine."""
    removals = feed.feed_items.filter(action=Action.REMOVE).order_by("pk").values("item_id")[:limit]
    return list(Product.objects.filter(pk__in=removals).order_by("title", "pk").values_list("title", flat=True))


@transaction.atomic
def force_import(*, feed: FeedImport, by: User) -> None:
    """Send an import that was rejected as harmful again with force (F15), and resume the jobs of its lane.

    Later imports are not forced. ValueError with the reason if that is not possible, or no longer possible.
    """
    of_lane = Job.objects.filter(lane_ids__contains=[feed.lane_id], direction=Direction.EXPORT, enabled=True)
    jobs = list(of_lane.select_for_update(of=("self",)).select_related("connection__seller").order_by("pk"))
    feed.refresh_from_db()
    others = FeedImport.objects.filter(lane=feed.lane_id).exclude(pk=feed.pk)
    if feed.state != State.HARMFUL:
        raise ValueError("Only an import that was rejected as harmful can be forced.")
    if others.filter(state=State.SUCCESS, pk__gt=feed.pk).exists():
        raise ValueError("A newer import has succeeded. This one would restore older data.")
    if others.filter(state__in=FeedImport.OPEN).exists():
        raise ValueError("Another import is running. Wait until it has finished.")
    if not feed.path.is_file():
        raise ValueError("The file of this import no longer exists. Resume the job to create a new import.")
    feed.state, feed.forced_by, feed.finished_at = State.SENDING, by, None
    feed.save(update_fields=["state", "forced_by", "finished_at"])
    seller = feed.lane.connection.seller
    record_audit_event(user=by, action="feed.force", target=feed, seller=seller, removals=feed.removals)
    for job in jobs:
        resume_job(job=job, by=by, reason=f"Import {feed.pk} was forced.")
    lanes.wake(lane_ids=[feed.lane_id])
