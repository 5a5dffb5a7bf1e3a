"""Installing our app in an account by redirects, for new connections and for existing ones (I4).

A request is a row: its state is random, bound to a person and a session, ends after minutes, and is used once,
whatever comes of it. Only a digest of the state is stored, and the PKCE verifier is derived from the state, so that a
copy of the database is of no use.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.models import Seller, User
from accounts.queries import is_owner
from accounts.services import record_audit_event
from connectors.adapters.oauth_tokens import store_tokens
from connectors.adapters.registry import adapter_for, adapters
from connectors.adapters.web_calls import take_slot
from connectors.models import InstallationRequest
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ConnectorError
from connectors.sdk.http import HttpClient
from connectors.sdk.installation import App, Grant, Installation, InstallationRefused
from connectors.services.connection_tests import check_connection, why_not_called
from connectors.services.connections import update_connection
from connectors.services.guided_connect import connect
from hub import clock
from hub.models import Connection
from hub.services import resume_job

VALID_FOR = timedelta(minutes=10)
CONSOLE_PERMISSION = "hub.change_connection"


@dataclass(frozen=True, slots=True)
class Authorized:
    """A connection with a new authorization. `problem`: what its test found; its jobs stay as they were then.
    `resumed`: how many jobs that had waited for a person run again."""

    connection: Connection
    problem: str = ""
    resumed: int = 0


def app_of(adapter: type[Adapter[Any]]) -> App | None:
    """Our app at the platform; None if the platform knows no installation, or this SyncCenter has no app there."""
    if adapter.installation is None:
        return None
    client_id, client_secret = settings.OAUTH_APPS.get(adapter.key, ("", ""))
    return App(client_id, client_secret) if client_id and client_secret else None


def can_install(connection: Connection) -> bool:
    """Whether the connection can be authorized again by an installation."""
    adapter = adapters().get(connection.platform)
    return adapter is not None and app_of(adapter) is not None


def redirect_uri() -> str:
    """Where consent pages send people back to. It has to be entered in the app at the vendor."""
    return f"{settings.PUBLIC_URL}/oauth/callback/"


def begin(
    *,
    adapter: type[Adapter[Any]],
    account: str,
    name: str,
    by: User,
    session_key: str,
    seller: Seller | None,
    connection: Connection | None = None,
) -> str:
    """The consent page to send a person to. ValueError, with a text for people, if the address is not the vendor's;
    InstallationRefused if the account must not be called now.

    `connection`: it is authorized again, at the account that it has.
    """
    app, installation = _installation(adapter)
    _require_callable(adapter.key, seller, connection)
    account_url = installation.account_url(connection.base_url if connection else account)
    state, now = secrets.token_urlsafe(32), clock.now()
    InstallationRequest.objects.create(
        state_digest=_digest(state),
        session_digest=_digest(session_key),
        platform=adapter.key,
        account_url=account_url,
        name=name,
        seller=seller,
        user=by,
        connection=connection,
        expires_at=now + VALID_FOR,
    )
    return installation.authorize_url(
        app, account_url, redirect_uri=redirect_uri(), state=state, verifier=_verifier(state)
    )


def finish(*, answer: Mapping[str, str], by: User, session_key: str) -> Authorized:
    """What the answer of a consent page authorizes.

    InstallationRefused if the answer belongs to no request of this person and session that is still open, or cannot be
    trusted; ConnectorError and ValidationError as in `connect`. PermissionDenied if the person may not connect now.
    """
    take_slot()  # before the request and its code are used, which works once
    request = None
    try:
        request = _claim(answer.get("state", ""), by=by, session_key=session_key)
        _require_callable(request.platform, request.seller, request.connection)
        if not may_connect(by, request.seller, request.connection):
            raise PermissionDenied("Only owners can do this.")
        authorized = _authorized(request, _granted(request, answer), by)
    except (InstallationRefused, ConnectorError, PermissionDenied, ValidationError) as error:
        _record_refusal(request, by, error)
        raise
    return _resumed(authorized, by) if request.connection else Authorized(authorized)


def _record_refusal(request: InstallationRequest | None, by: User, error: Exception) -> None:
    text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    record_audit_event(
        user=by,
        action="connection.authorization_refused",
        target=(request.connection or request.account_url) if request else "",
        seller=request.seller if request else None,
        reason=text[:200],
        platform=request.platform if request else "",
    )


def _require_callable(platform: str, seller: Seller | None, connection: Connection | None) -> None:
    """InstallationRefused if nothing may be authorized now."""
    if seller is not None and Seller.objects.filter(pk=seller.pk, status=Seller.Status.DELETED).exists():
        raise InstallationRefused("Not authorized, because the seller is deleted.")
    if connection is not None and connection.state == Connection.State.UNINSTALLED:
        raise InstallationRefused(f"Not authorized, because {connection} is uninstalled. Reconnect it first.")
    if reason := why_not_called(platform, connection):
        raise InstallationRefused(f"Not authorized, because {reason} Resume it, then start again.")


def _resumed(connection: Connection, by: User) -> Authorized:
    """Test the connection, and resume the jobs that wait for a person: they may have waited for the authorization. One
    with another reason stops again, and says so."""
    try:
        check_connection(connection=connection)
    except ConnectorError as error:
        return Authorized(connection, problem=str(error))
    waiting = connection.jobs.filter(enabled=True, paused=True).exclude(state__attention="")
    jobs = list(waiting.select_related("connection__seller").order_by("pk"))
    for job in jobs:
        resume_job(job=job, by=by, reason="The connection was authorized again.")
    return Authorized(connection, resumed=len(jobs))


def may_connect(user: User, seller: Seller | None, connection: Connection | None) -> bool:
    """Owners connect accounts of their seller; operators authorize existing connections."""
    return is_owner(user=user, seller=seller) or (connection is not None and user.has_perm(CONSOLE_PERMISSION))


def _claim(state: str, *, by: User, session_key: str) -> InstallationRequest:
    """The request with this state, which is used from now on. InstallationRefused if there is none."""
    now = clock.now()
    with transaction.atomic():
        request = (
            InstallationRequest.objects.select_for_update(of=("self",))
            .select_related("seller", "connection")
            .filter(
                state_digest=_digest(state),
                session_digest=_digest(session_key),
                user=by,
                used_at=None,
                expires_at__gt=now,
            )
            .first()
        )
        if request is None:
            raise InstallationRefused("This installation has ended, or was started elsewhere. Start it again.")
        request.used_at = now
        request.save(update_fields=["used_at"])
    return request


def _granted(request: InstallationRequest, answer: Mapping[str, str]) -> Grant:
    app, installation = _installation(adapter_for(request.platform))
    installation.verify(app, request.account_url, answer)
    code = answer.get("code", "")
    if not code:
        raise InstallationRefused(f"The account did not agree: {answer.get('error') or 'there is no code'}.")
    http = HttpClient(
        request.account_url,
        deadline=settings.REMOTE_DEADLINE_SECONDS,
        private_hosts=settings.PRIVATE_HOSTS_ALLOWED,
    )
    try:
        verifier = _verifier(answer["state"])
        return installation.exchange(app, http, code=code, redirect_uri=redirect_uri(), verifier=verifier)
    finally:
        http.close()


def _authorized(request: InstallationRequest, grant: Grant, by: User) -> Connection:
    if request.connection is None:
        if request.seller is None:
            raise InstallationRefused("A new connection belongs to a seller.")
        connection, _tested = connect(
            seller=request.seller,
            adapter=adapter_for(request.platform),
            name=request.name,
            base_url=request.account_url,
            settings={},
            credentials=grant.credentials,
            tokens=grant.tokens,
            by=by,
        )
        return connection
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",)).select_related("seller")
        connection = rows.get(pk=request.connection.pk)
        _require_callable(request.platform, connection.seller, connection)
        update_connection(
            connection=connection,
            by=by,
            name=connection.name,
            base_url=connection.base_url,
            settings=connection.settings,
            field_map=connection.field_map,
            credentials=grant.credentials,
        )
        if grant.tokens is not None:
            store_tokens(connection=connection, tokens=grant.tokens)
        record_audit_event(user=by, action="connection.authorize", target=connection, seller=connection.seller)
    return connection


def _installation(adapter: type[Adapter[Any]]) -> tuple[App, type[Installation]]:
    app = app_of(adapter)
    if app is None or adapter.installation is None:
        raise InstallationRefused(f"{adapter.name} cannot be connected by an installation.")
    return app, adapter.installation


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _verifier(state: str) -> str:
    """The PKCE verifier (RFC 7636, 4.1): nobody can derive it from the state without our key."""
    return hmac.new(settings.SECRET_KEY.encode(), b"oauth verifier " + state.encode(), sha256).hexdigest()
