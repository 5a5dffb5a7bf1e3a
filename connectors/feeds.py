"""Services for imports of search feeds: list removals, force an import, find and delete files."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event
from catalog.models import Product
from connectors.models import FeedImport
from connectors.sdk.operations import Action
from hub import lanes
from hub.models import Job
from hub.services import resume_job

State = FeedImport.State
OPEN = (State.BUILDING, State.SENDING, State.POLLING, State.UNKNOWN)


def feed_path(feed: FeedImport) -> Path:
    """Path of the import's file, gzipped as it was sent. It is kept until the import succeeds or its row is pruned."""
    return Path(settings.FEED_DIR) / feed.file


def removed_titles(feed: FeedImport, *, limit: int) -> list[str]:
    """Titles of products that the import removes from the search engine."""
    removals = feed.feed_items.filter(action=Action.REMOVE).order_by("pk").values("item_id")[:limit]
    return list(Product.objects.filter(pk__in=removals).order_by("title", "pk").values_list("title", flat=True))


@transaction.atomic
def force_import(*, feed: FeedImport, by: User) -> None:
    """Send an import that was rejected as harmful again with force (F15), and resume its job.

    Later imports are not forced. ValueError with the reason if that is not possible, or no longer possible.
    """
    job = Job.objects.select_for_update(of=("self",)).select_related("connection__seller").get(pk=feed.job_id)
    feed.refresh_from_db()
    others = FeedImport.objects.filter(job=job).exclude(pk=feed.pk)
    if feed.state != State.HARMFUL:
        raise ValueError("Only an import that was rejected as harmful can be forced.")
    if others.filter(state=State.SUCCESS, pk__gt=feed.pk).exists():
        raise ValueError("A newer import has succeeded. This one would restore older data.")
    if others.filter(state__in=OPEN).exists():
        raise ValueError("Another import is running. Wait until it has finished.")
    if not feed_path(feed).is_file():
        raise ValueError("The file of this import no longer exists. Resume the job to create a new import.")
    feed.state, feed.forced_by, feed.finished_at = State.SENDING, by, None
    feed.save(update_fields=["state", "forced_by", "finished_at"])
    record_audit_event(user=by, action="feed.force", target=feed, seller=job.connection.seller, removals=feed.removals)
    resume_job(job=job, by=by, reason=f"Import {feed.pk} was forced.")
    lanes.wake(lane_ids=job.lane_ids[:1])


def prune_files(*, before: datetime) -> int:
    """Delete files last written before `before` (UTC) that no import refers to. Returns the number of files."""
    folder = Path(settings.FEED_DIR)
    old = [path for path in folder.glob("*.gz") if path.stat().st_mtime < before.timestamp()]
    kept = set(FeedImport.objects.filter(file__in=[path.name for path in old]).values_list("file", flat=True))
    unused = [path for path in old if path.name not in kept]
    for path in unused:
        path.unlink(missing_ok=True)
    return len(unused)
