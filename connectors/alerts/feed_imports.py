"""Alerts for feed imports that a search engine rejected (F8). Imports that need approval also pause their job."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from connectors.models import FeedImport
from hub.alerts import Finding, monitored_jobs
from hub.models import Alert


def rejected_imports(*, now: datetime) -> Iterable[Finding]:
    """Jobs of which the lane's last finished import was rejected. One query."""
    finished = (
        FeedImport.objects.filter(lane=OuterRef("lane_ids__0")).exclude(state__in=FeedImport.OPEN).order_by("-pk")
    )
    jobs = monitored_jobs().annotate(
        import_id=Subquery(finished.values("pk")[:1]),
        import_state=Subquery(finished.values("state")[:1]),
        rejection_reason=Subquery(finished.values("answer__reason")[:1]),
    )
    for job in jobs.filter(import_state=FeedImport.State.REJECTED):
        message = _(
            "%(job)s. Import %(import_id)s was rejected: %(reason)s You can download its file from the admin console."
        ) % {"job": job, "import_id": job.import_id, "reason": job.rejection_reason}
        yield Finding(Alert.Kind.FAILING, f"import:{job.pk}", job, job.connection.seller_id, message)
