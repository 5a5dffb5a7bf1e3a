"""REST API: start syncs of a connection (D2)."""

from typing import Annotated

from django.db.models import Q
from ninja import Path, Router, Schema, Status
from pydantic import StringConstraints

from accounts.auth import ApiKeyAuth, ApiRequest
from connectors.api_connections import find_connection, start_run_for
from hub.api import RunOut
from hub.kinds import DataType
from hub.models import Run

router = Router(tags=["sync"])

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class SyncPath(Schema):
    slug: Name
    data_type: DataType


@router.post(
    "/connections/{slug}/sync/{data_type}",
    auth=ApiKeyAuth("sync:trigger"),
    response={201: RunOut},
    summary="Start a sync",
)
def start_sync(request: ApiRequest, path: Path[SyncPath]) -> Status[Run]:
    """Start a full sync: 201 with the run, 400 if one is already running, 404 if there is no such job."""
    return start_run_for(request, find_connection(request, Q(slug=path.slug)), path.data_type)
