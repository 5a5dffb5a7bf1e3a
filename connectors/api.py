"""REST API: start syncs and uninstall, under our own paths and under those that B2B storefronts call (D2, D13, D22)."""

from enum import StrEnum
from typing import Annotated

from django.db.models import Q
from ninja import Path, Router, Schema, Status
from pydantic import StringConstraints

from accounts.auth import ApiKeyAuth, ApiRequest, require_write_access
from common.rest import ApiError
from connectors.api_schemas import StorefrontCustomerIn, StorefrontCustomerOut
from connectors.sdk.errors import NeedsAttention
from connectors.services.connections import uninstall_connection
from connectors.services.runs import sync
from connectors.services.storefront_customers import AmbiguousCustomer, receive_customer
from hub.api import RunOut, connections_for
from hub.kinds import DataType, Role
from hub.models import Connection, Run

router = Router(tags=["sync"])

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]


class StorefrontDataType(StrEnum):
    """The names that B2B storefronts use for data types."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    PURCHASES = "purchases"
    MERCHANT = "merchant"
    CUSTOMER_GROUPS = "customer_groups"


# Customer groups are imported with their customers.
DATA_TYPE_OF = {
    StorefrontDataType.CUSTOMERS: DataType.CUSTOMERS,
    StorefrontDataType.PRODUCTS: DataType.PRODUCTS,
    StorefrontDataType.PURCHASES: DataType.ORDERS,
    StorefrontDataType.MERCHANT: DataType.SETTINGS,
    StorefrontDataType.CUSTOMER_GROUPS: DataType.CUSTOMERS,
}


class ConnectionPath(Schema):
    slug: Name


class SyncPath(ConnectionPath):
    data_type: DataType


class StorefrontPath(Schema):
    """`site_env` is the connection's setting of that name; `site_id` is that setting, or the connection's slug."""

    site_env: Name
    site_id: Name


class StorefrontSyncPath(StorefrontPath):
    data_type: StorefrontDataType


@router.post(
    "/connections/{slug}/sync/{data_type}",
    auth=ApiKeyAuth("sync:trigger"),
    response={201: RunOut},
    summary="Start a sync",
)
def start_sync(request: ApiRequest, path: Path[SyncPath]) -> Status[Run]:
    """Start a full sync: 201 with the run, 400 if one is already running, 404 if there is no such job."""
    return _start(request, _find(request, Q(slug=path.slug)), path.data_type)


@router.post(
    "/{site_env}/{site_id}/status/{data_type}",
    auth=ApiKeyAuth("sync:trigger"),
    response={201: RunOut},
    summary="Start a sync (B2B storefronts)",
)
def start_storefront_sync(request: ApiRequest, path: Path[StorefrontSyncPath]) -> Status[Run]:
    """Start a full sync, under the path that B2B storefronts call."""
    return _start(request, _find_site(request, path), DATA_TYPE_OF[path.data_type])


@router.put(
    "/{site_env}/{site_id}/customers",
    auth=ApiKeyAuth("customers:write"),
    response={201: StorefrontCustomerOut},
    summary="Create or update a customer (B2B storefronts)",
)
def put_storefront_customer(
    request: ApiRequest, path: Path[StorefrontPath], customer: StorefrontCustomerIn
) -> Status[dict[str, str]]:
    """Create or update the customer with this email address; it is exported to every other target for customers."""
    storefront = _find_site(request, path)
    require_write_access(request.auth, storefront.seller)
    if storefront.state == Connection.State.UNINSTALLED:
        raise ApiError(404, f"{path.site_id} is uninstalled.")
    try:
        external_id = receive_customer(storefront=storefront, customer=customer.to_customer(), by=request.auth.user)
    except LookupError as error:
        raise ApiError(404, str(error)) from error
    except (AmbiguousCustomer, NeedsAttention) as error:
        raise ApiError(400, str(error)) from error
    return Status(201, {"customer_external_id": external_id})


@router.delete(
    "/{site_env}/{site_id}",
    auth=ApiKeyAuth("sync:trigger"),
    response={204: None},
    summary="Uninstall (B2B storefronts)",
)
def uninstall_storefront(request: ApiRequest, path: Path[StorefrontPath]) -> Status[None]:
    """Uninstall a B2B storefront: its connection is disabled, and the store's sync logs are deleted."""
    connection = _find_site(request, path)
    require_write_access(request.auth, connection.seller)
    if connection.state != Connection.State.UNINSTALLED:
        uninstall_connection(connection=connection, by=request.auth.user)
    return Status(204, None)


def _find(request: ApiRequest, condition: Q) -> Connection:
    connection = connections_for(request.auth).select_related("seller").filter(condition).first()
    if connection is None:
        raise ApiError(404, "This API key has no access to such a connection.")
    return connection


def _find_site(request: ApiRequest, path: StorefrontPath) -> Connection:
    site = Q(role=Role.B2B) & (Q(slug=path.site_id) | Q(settings__site_id=path.site_id))
    connection = _find(request, site)
    if connection.settings.get("site_env", "live") != path.site_env:
        raise ApiError(404, f"{path.site_id} is not a site of the environment {path.site_env}.")
    return connection


def _start(request: ApiRequest, connection: Connection, data_type: DataType) -> Status[Run]:
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
