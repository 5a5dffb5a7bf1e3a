"""Install, update and uninstall connections."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import ValidationError as PydanticValidationError

from accounts.models import Seller, User
from accounts.services import record_audit_event
from catalog.services import ensure_price_list
from connectors.adapters.factory import validate
from connectors.adapters.oauth_tokens import delete_tokens, store_refresh_token, store_tokens
from connectors.adapters.private_hosts import hosts_to_call, hosts_to_enter
from connectors.adapters.registry import adapter_for, adapters
from connectors.engine import size_schedules
from connectors.models import WebhookSubscription
from connectors.sdk import ssrf
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.oauth2 import RefreshTokenCredentials
from connectors.sdk.schemas import Schema
from connectors.sdk.streams import SizeSchedules, Source, Target
from connectors.sdk.tokens import TokenPair
from connectors.services.runs import start_job, sync
from connectors.webhooks.registration import new_secret, subscribe, unsubscribe
from hub import clock
from hub.kinds import DataType, Direction, Role
from hub.models import Change, Connection, Job, Lane, Run
from hub.services import add_job, cancel_run
from synclog.models import SyncLog


def install_connection(
    *,
    seller: Seller | None,
    platform: str,
    name: str,
    slug: str,
    base_url: str,
    settings: dict[str, Any] | None = None,
    credentials: dict[str, Any] | None = None,
    field_map: dict[str, Any] | None = None,
    tokens: TokenPair | None = None,
    by: User | None = None,
    start: bool = True,
) -> Connection:
    """Create a connection with its jobs, lanes and price list (D12), and start its first full sync (D1).

    ValidationError with one message per invalid field; nothing is saved then.
    """
    adapter = adapter_for(platform)
    _validate(
        adapter,
        base_url,
        private_hosts=hosts_to_enter(seller=seller, by=by),
        settings=settings or {},
        credentials=credentials or {},
        field_map=field_map or {},
    )
    with transaction.atomic():
        connection = Connection.objects.create(
            seller=seller,
            platform=platform,
            role=adapter.role,
            name=name,
            slug=slug,
            base_url=base_url.rstrip("/"),
            settings=settings or {},
            credentials=credentials or {},
            field_map=field_map or {},
            webhook_secret=new_secret(),
            state=Connection.State.ACTIVE,
        )
        _store_entered_token(connection, adapter, earlier={})
        if tokens is not None:
            store_tokens(connection=connection, tokens=tokens)
        subscribe(connection=connection, now=clock.now())
        _add_jobs(connection, adapter)
        if seller is not None and adapter.role == Role.SHOP and DataType.PRODUCTS in adapter.sources():
            ensure_price_list(connection=connection, slug=f"{slug}-price", name=f"{adapter.name} Price")
        record_audit_event(user=by, action="connection.install", target=connection, seller=seller, platform=platform)
        if start:
            for data_type in adapter.sources():
                sync(connection=connection, data_type=data_type, trigger=Run.Trigger.INSTALL)
            for data_type in adapter.targets():
                start_job(connection, Direction.EXPORT, data_type, Run.Trigger.INSTALL, None)
    return connection


def _store_entered_token(connection: Connection, adapter: type[Adapter[Any]], earlier: dict[str, Any]) -> None:
    """A refresh token that was entered authorizes the connection. One that stood there before is spent by now."""
    if not issubclass(adapter.Credentials, RefreshTokenCredentials):
        return
    token = (connection.credentials or {})["refresh_token"]
    if token != earlier.get("refresh_token"):
        store_refresh_token(connection=connection, refresh_token=token)


def _add_jobs(connection: Connection, adapter: type[Adapter[Any]]) -> None:
    for stream in adapter.streams:
        by_size = isinstance(stream.full_schedule, SizeSchedules)
        add_job(
            connection=connection,
            direction=Direction.IMPORT if issubclass(stream, Source) else Direction.EXPORT,
            data_type=stream.data_type,
            lane=stream.lane,
            shards=stream.shards if issubclass(stream, Target) else 1,
            full_schedule=size_schedules.first_schedule(connection, stream.full_schedule),
            partial_schedule=stream.partial_schedule if issubclass(stream, Source) else "",
            by_size=by_size,
            comparison_schedule="1w" if issubclass(stream, Target) and stream.comparable else "",
        )


def _validate(
    adapter: type[Adapter[Any]],
    base_url: str,
    *,
    private_hosts: Collection[str],
    settings: dict[str, Any],
    credentials: dict[str, Any],
    field_map: dict[str, Any],
) -> None:
    errors: dict[str, str] = {}
    try:
        ssrf.check_url(base_url, allowed_hosts=private_hosts)
    except OSError as error:
        errors["base_url"] = str(error)
    for what, schema, values in (
        ("settings", adapter.Settings, settings),
        ("credentials", adapter.Credentials, credentials),
        ("field_map", adapter.FieldMap, field_map),
    ):
        try:
            validate(schema, values, what=what.replace("_map", " mapping"))
        except NeedsAttention as error:
            errors[what] = str(error)
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def update_connection(
    *,
    connection: Connection,
    by: User | None,
    name: str,
    base_url: str,
    settings: dict[str, Any],
    field_map: dict[str, Any],
    credentials: dict[str, Any] | None = None,
) -> None:
    """Update all fields; credentials are kept if None. ValidationError as in `install_connection`."""
    adapter = adapter_for(connection.platform)
    earlier = connection.credentials or {}
    known = earlier if credentials is None else credentials
    entered = base_url.rstrip("/") != connection.base_url
    _validate(
        adapter,
        base_url,
        private_hosts=hosts_to_enter(seller=connection.seller, by=by) if entered else hosts_to_call(connection),
        settings=settings,
        credentials=known,
        field_map=field_map,
    )
    same = connection.base_url == base_url.rstrip("/") and credentials is None
    same &= means_the_same(adapter.Settings, connection.settings, settings)
    same &= means_the_same(adapter.FieldMap, connection.field_map, field_map)
    if not same:
        connection.assumption_results.all().delete()  # they were found with what is replaced now
    connection.name, connection.base_url = name, base_url.rstrip("/")
    connection.settings, connection.field_map = settings, field_map
    if credentials is not None:
        connection.credentials = credentials
    if entered and adapter.installation is not None:
        delete_tokens(connection=connection)  # they were issued for the account at the earlier address
    connection.save(update_fields=["name", "base_url", "settings", "credentials", "field_map", "updated_at"])
    if credentials is not None:
        _store_entered_token(connection, adapter, earlier)
    subscribe(connection=connection, now=clock.now())
    record_audit_event(
        user=by,
        action="connection.change",
        target=connection,
        seller=connection.seller,
        credentials_changed=credentials is not None,
    )


def means_the_same(schema: type[Schema], before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the values are equal once defaults are filled in, as forms do."""
    try:
        return schema.model_validate(before) == schema.model_validate(after)
    except PydanticValidationError:
        return False


def deprecation_warnings_for(connection: Connection, *, today: date) -> list[str]:
    """What an operator should do before an API that the connection uses is shut down. Empty if the settings are
    invalid."""
    adapter = adapters().get(connection.platform)
    if adapter is None:
        return []
    try:
        settings = validate(adapter.Settings, connection.settings, what="settings")
    except NeedsAttention:
        return []
    return adapter.deprecation_warnings(settings, today=today)


@transaction.atomic
def uninstall_connection(*, connection: Connection, by: User | None) -> None:
    """Cancel the connection's runs, delete its credentials and sync logs (D22). Imported data is kept.

    Its webhook URL stops working immediately; the webhooks at the platform are removed soon after.
    """
    open_runs = Run.objects.filter(job__connection=connection, state__in=Run.OPEN)
    for run in open_runs.select_related("job__connection__seller").order_by("pk"):
        cancel_run(run=run, by=by)
    Change.objects.filter(job__connection=connection).delete()
    Lane.objects.filter(connection=connection).update(paused=True, due=False)
    Job.objects.filter(connection=connection).update(enabled=False)
    unsubscribe(connection=connection, now=clock.now())
    if not WebhookSubscription.objects.filter(connection=connection).exists():
        delete_tokens(connection=connection)
    Connection.objects.filter(pk=connection.pk).update(
        state=Connection.State.UNINSTALLED,
        credentials=None,
        paused_at=clock.now(),
        pause_reason="uninstalled",
    )
    SyncLog.objects.filter(connection=connection).delete()
    record_audit_event(user=by, action="connection.uninstall", target=connection, seller=connection.seller)


@transaction.atomic
def reinstall_connection(*, connection: Connection, by: User | None) -> None:
    """Install an uninstalled connection again, with the credentials that it has been given since, and send everything
    anew: what the platform has kept is not known."""
    Connection.objects.filter(pk=connection.pk, state=Connection.State.UNINSTALLED).update(
        state=Connection.State.ACTIVE, state_reason="", paused_at=None, pause_reason=""
    )
    connection.refresh_from_db()
    adapter = adapter_for(connection.platform)
    # The platform may have more data types than when the connection was made.
    _add_jobs(connection, adapter)
    Job.objects.filter(connection=connection).update(enabled=True)
    Lane.objects.filter(connection=connection).update(paused=False)
    subscribe(connection=connection, now=clock.now())
    record_audit_event(user=by, action="connection.reinstall", target=connection, seller=connection.seller)
    for data_type in adapter.sources():
        sync(connection=connection, data_type=data_type, trigger=Run.Trigger.INSTALL, resend=True)
    for data_type in adapter.targets():
        start_job(connection, Direction.EXPORT, data_type, Run.Trigger.INSTALL, None, True)
