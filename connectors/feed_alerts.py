"""An import that a search engine refused is told to people (F8); one that waits to be forced stops its job besides."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery

from connectors.feeds import OPEN
from connectors.models import FeedImport
from hub.alerts import Finding, monitored_jobs
from hub.models import Alert


def refused_imports(*, now: datetime) -> Iterable[Finding]:
    """Jobs whose last import that came to an end was refused. One query."""
    finished = FeedImport.objects.filter(job=OuterRef("pk")).exclude(state__in=OPEN).order_by("-pk")
    jobs = monitored_jobs().annotate(
        import_id=Subquery(finished.values("pk")[:1]),
        import_state=Subquery(finished.values("state")[:1]),
        refusal_reason=Subquery(finished.values("answer__reason")[:1]),
    )
    for job in jobs.filter(import_state=FeedImport.State.REFUSED):
        message = f"{job}. Import {job.import_id} was refused: {job.refusal_reason} Its file is kept in the console."
        yield Finding(Alert.Kind.FAILING, f"import:{job.pk}", job, job.connection.seller_id, message)
