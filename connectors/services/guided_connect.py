"""Connecting a platform step by step: nothing is synced before the account has answered and a person starts it (I4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Seller, User
from catalog.models import PriceList
from connectors.adapters.factory import open_adapter
from connectors.engine.exporting import covered_items
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError
from connectors.sdk.reading import Reader, ReadState
from connectors.sdk.tokens import TokenPair
from connectors.services.connection_tests import ConnectionTest, check_connection
from connectors.services.connections import install_connection, means_the_same
from connectors.services.runs import start_job
from hub import clock
from hub.kinds import DataType, Direction
from hub.models import Connection, Job, Run
from hub.services import recompute_next_runs, resume_job

_SAMPLE = 5


@dataclass(frozen=True)
class Sample:
    """The first items of a data type at the source: titles, and how many there are if the platform tells."""

    titles: list[str]
    total: int | None


def connect(
    *,
    seller: Seller,
    adapter: type[Adapter[Any]],
    name: str,
    base_url: str,
    settings: dict[str, Any],
    credentials: dict[str, Any],
    by: User,
    tokens: TokenPair | None = None,
) -> tuple[Connection, ConnectionTest]:
    """Create a connection whose account answers, with all its jobs paused until `begin_syncing`. `tokens` are those of
    an installation.

    ConnectorError if it does not answer as it should, ValidationError for invalid values, and if the account is already
    connected with the same settings: all its items would exist twice. Nothing is kept then.
    """
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    for other in installed.filter(seller=seller, platform=adapter.key, base_url=base_url.rstrip("/")):
        if means_the_same(adapter.Settings, other.settings, settings):
            message = _(
                "This account is already connected as %(name)s. Change that connection, or choose other settings."
            )
            raise ValidationError(message % {"name": other.name})
    connection = install_connection(
        seller=seller,
        platform=adapter.key,
        name=name,
        slug=free_slug(seller=seller, platform=adapter.key),
        base_url=base_url,
        settings=settings,
        credentials=credentials,
        tokens=tokens,
        by=by,
        start=False,
    )
    Job.objects.filter(connection=connection).update(paused=True)
    try:
        return connection, check_connection(connection=connection)
    except ConnectorError:
        with transaction.atomic():
            PriceList.objects.filter(connection=connection).delete()
            connection.delete()
        raise


def free_slug(*, seller: Seller, platform: str) -> str:
    """`acme-bigcommerce`, or with a number if there is one already."""
    plain = slugify(f"{seller.slug}-{platform.replace('_', '-')}")[:70]
    taken = set(Connection.objects.filter(slug__startswith=plain).values_list("slug", flat=True))
    return next(slug for n in range(len(taken) + 1) if (slug := f"{plain}-{n + 1}" if n else plain) not in taken)


def read_sample(*, job: Job) -> Sample:
    """What the first sync would read; nothing is stored. ConnectorError if the source does not answer."""
    adapter = open_adapter(job.connection)
    try:
        reader = Reader(adapter, DataType(job.data_type))
        page, _state = reader.read_page(since=None, cursor=None, state=ReadState(), now=clock.now())
    finally:
        adapter.http.close()
    names = ("title", "name", "number", "email", "external_id")
    titles = [next(str(text) for each in names if (text := getattr(record, each, ""))) for record in page.records]
    return Sample(titles[:_SAMPLE], page.total if page.total is not None or page.cursor else len(titles))


def items_to_send(*, job: Job) -> int:
    """How many items the first sync of an export would look at."""
    return int(covered_items(job).count())


@transaction.atomic
def begin_syncing(*, connection: Connection, schedules: Mapping[int, str], by: User) -> None:
    """Start the first full sync of the chosen jobs (ID → full schedule) and disable the others (D1)."""
    jobs = list(connection.jobs.select_related("connection__seller").order_by("pk"))
    for job in jobs:
        job.enabled = job.pk in schedules
        if job.enabled and job.full_schedule != schedules[job.pk]:
            job.full_schedule, job.by_size = schedules[job.pk], False
        job.save(update_fields=["enabled", "full_schedule", "by_size"])
        if job.enabled:
            recompute_next_runs(job=job)
            resume_job(job=job, by=by)
    for job in jobs:
        if job.enabled:
            start_job(connection, Direction(job.direction), job.data_type, Run.Trigger.INSTALL, None)
