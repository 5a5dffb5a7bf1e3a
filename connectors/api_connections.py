"""What the REST APIs of connections share: finding a connection that a key may access, and starting its runs."""

from django.db.models import Q
from ninja import Status

from accounts.auth import ApiRequest, require_write_access
from common.rest import ApiError
from connectors.services.runs import sync
from hub.api import connections_for
from hub.kinds import DataType
from hub.models import Connection, Run


def find_connection(request: ApiRequest, condition: Q) -> Connection:
    """ApiError 404 if the key can access no such connection, 400 if several sellers have one."""
    found = list(connections_for(request.auth).select_related("seller").filter(condition).order_by("pk"))
    if not found:
        raise ApiError(404, "This API key has no access to such a connection.")
    if len({connection.seller_id for connection in found}) > 1:
        raise ApiError(400, "Connections of several sellers have this ID. Use an API key of the seller.")
    return found[0]


def start_run_for(request: ApiRequest, connection: Connection, data_type: DataType) -> Status[Run]:
    """Start a full sync: 201 with the run. ApiError 400 if one is already running, 404 if there is no such job."""
    require_write_access(request.auth, connection.seller)
    try:
        run, created = sync(connection=connection, data_type=data_type, trigger=Run.Trigger.API, by=request.auth.user)
    except LookupError as error:
        raise ApiError(404, str(error)) from error
    except ValueError as error:
        raise ApiError(400, str(error)) from error
    if not created:
        raise ApiError(400, f"A sync of {data_type} is already running (run {run.pk}). Wait until it has finished.")
    return Status(201, run)
