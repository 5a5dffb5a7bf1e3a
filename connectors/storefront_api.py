"""REST API that B2B storefronts call (SparkLayer Ignite): connection, syncs, customers, addresses, sign-ins.

https://docs.sparklayer.io/ignite/endpoints-overview is the model. Each call needs an API key of the seller.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from ninja import Path, Router, Schema, Status
from pydantic import StringConstraints

from accounts.auth import ApiKeyAuth, ApiRequest, require_owner, require_write_access, seller_for
from common.rest import ApiError, FieldError
from connectors.api_checkout_schemas import CartIn, CompletedOut, QuoteOut
from connectors.api_connections import find_connection, start_run_for
from connectors.api_schemas import (
    ConnectIn,
    MetafieldIn,
    RedirectOut,
    SignInIn,
    StorefrontAddressIn,
    StorefrontAddressOut,
    StorefrontCustomerIn,
    StorefrontCustomerOut,
    SubAccountChangeIn,
    SubAccountError,
    SubAccountIn,
)
from connectors.sdk.checkouts import CheckoutRefused
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.storefronts import EmailTaken, NotSignedIn
from connectors.services import storefront_accounts as accounts
from connectors.services import storefront_checkouts as checkouts
from connectors.services.connections import uninstall_connection
from connectors.services.storefront_connections import connect_storefront
from connectors.services.storefront_customers import AmbiguousCustomer, receive_customer
from hub.api import RunOut
from hub.kinds import DataType, Role
from hub.models import Connection, Run

router = Router(tags=["storefronts"])

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


class StorefrontPath(Schema):
    """`site_env` is the connection's setting of that name; `site_id` is that setting, or the connection's slug."""

    site_env: Name
    site_id: Name


class StorefrontSyncPath(StorefrontPath):
    data_type: StorefrontDataType


class CustomerPath(StorefrontPath):
    customer_external_id: Name


class AddressPath(CustomerPath):
    customer_address_external_id: Name


SITE = "/{site_env}/{site_id}"
CUSTOMER = f"{SITE}/customers/{{customer_external_id}}"
ADDRESS = f"{CUSTOMER}/addresses/{{customer_address_external_id}}"
SUB_ACCOUNT = f"{SITE}/sub-accounts/{{customer_external_id}}"


# Connection


@router.post(
    SITE, auth=ApiKeyAuth("sync:trigger"), response={201: RedirectOut, 204: None}, summary="Connect a B2B storefront"
)
def connect(request: ApiRequest, path: Path[StorefrontPath], presented: ConnectIn) -> Status[Any]:
    """Create the storefront's connection and start its first sync; the same call again changes nothing.

    204: connected. 201: connected, but the shop that it runs on still has to be connected at `redirect_url`.
    """
    seller = seller_for(request.auth, None)
    require_owner(request.auth, seller)
    try:
        connected = connect_storefront(
            seller=seller,
            site_env=path.site_env,
            site_id=path.site_id,
            presented=presented.to_credentials(),
            by=request.auth.user,
        )
    except ValidationError as error:
        found = [
            FieldError(property=name, code="invalid", message=" ".join(messages))
            for name, messages in error.message_dict.items()
        ]
        detail = "; ".join(f"{each.property}: {each.message}" for each in found)
        raise ApiError(400, detail, field_errors=found) from error
    if connected.shop is not None:
        return Status(204, None)
    page = reverse("dashboard:connection", args=[seller.slug, connected.connection.slug])
    return Status(201, {"redirect_url": request.build_absolute_uri(page)})


@router.delete(SITE, auth=ApiKeyAuth("sync:trigger"), response={204: None}, summary="Uninstall a B2B storefront")
def uninstall_storefront(request: ApiRequest, path: Path[StorefrontPath]) -> Status[None]:
    """Uninstall a B2B storefront: its connection is disabled, and the store's sync logs are deleted."""
    connection = _find_site(request, path)
    require_owner(request.auth, connection.seller)
    if connection.state != Connection.State.UNINSTALLED:
        uninstall_connection(connection=connection, by=request.auth.user)
    return Status(204, None)


@router.post(
    f"{SITE}/status/{{data_type}}",
    auth=ApiKeyAuth("sync:trigger"),
    response={201: RunOut},
    summary="Start a sync (B2B storefronts)",
)
def start_storefront_sync(request: ApiRequest, path: Path[StorefrontSyncPath]) -> Status[Run]:
    """Start a full sync, under the path that B2B storefronts call."""
    return start_run_for(request, _find_site(request, path), DATA_TYPE_OF[path.data_type])


# Customers


@router.put(
    f"{SITE}/customers",
    auth=ApiKeyAuth("customers:write"),
    response={201: StorefrontCustomerOut},
    summary="Create or update a customer (B2B storefronts)",
)
def put_storefront_customer(
    request: ApiRequest, path: Path[StorefrontPath], customer: StorefrontCustomerIn
) -> Status[dict[str, str]]:
    """Create or update the customer with this email address, at the shop as well if customers can be created there; it
    is exported to every other target for customers."""
    storefront = _writable_site(request, path)
    with _errors():
        external_id = receive_customer(storefront=storefront, customer=customer.to_customer(), by=request.auth.user)
    return Status(201, {"customer_external_id": external_id})


@router.post(
    f"{SITE}/sub-accounts",
    auth=ApiKeyAuth("customers:write"),
    response={201: StorefrontCustomerOut, 400: SubAccountError},
    summary="Create a sub-account (B2B storefronts)",
)
def create_sub_account(request: ApiRequest, path: Path[StorefrontPath], account: SubAccountIn) -> Status[Any]:
    """Create a person below a customer, at the shop as well if customers can be created there. 400 with
    `email-already-taken` if any customer has the email address."""
    storefront = _writable_site(request, path)
    with _errors():
        try:
            external_id = accounts.create_sub_account(
                storefront=storefront, account=account.to_account(), by=request.auth.user
            )
        except EmailTaken:
            return Status(400, SubAccountError.email_taken())
    return Status(201, {"customer_external_id": external_id})


@router.patch(
    SUB_ACCOUNT,
    auth=ApiKeyAuth("customers:write"),
    response={200: StorefrontCustomerOut},
    summary="Change a sub-account (B2B storefronts)",
)
def change_sub_account(request: ApiRequest, path: Path[CustomerPath], changes: SubAccountChangeIn) -> dict[str, str]:
    """Change the name of a sub-account. The email address never changes, and the role belongs to the storefront."""
    storefront = _writable_site(request, path)
    with _errors():
        external_id = accounts.change_sub_account(
            storefront=storefront,
            external_id=path.customer_external_id,
            first_name=changes.first_name,
            last_name=changes.last_name,
            by=request.auth.user,
        )
    return {"customer_external_id": external_id}


@router.delete(
    SUB_ACCOUNT,
    auth=ApiKeyAuth("customers:write"),
    response={204: None},
    summary="Delete a sub-account (B2B storefronts)",
)
def delete_sub_account(request: ApiRequest, path: Path[CustomerPath]) -> Status[None]:
    """Delete a sub-account, at the shop as well. Any other customer is 404: a storefront cannot delete it."""
    storefront = _writable_site(request, path)
    with _errors():
        accounts.delete_sub_account(storefront=storefront, external_id=path.customer_external_id, by=request.auth.user)
    return Status(204, None)


@router.post(
    f"{CUSTOMER}/addresses",
    auth=ApiKeyAuth("customers:write"),
    response={201: StorefrontAddressOut},
    summary="Create an address (B2B storefronts)",
)
def create_address(request: ApiRequest, path: Path[CustomerPath], address: StorefrontAddressIn) -> Status[Any]:
    """Create an address of a customer, at the shop as well. A temporary one is accepted and not kept: its order carries
    it."""
    return Status(201, _save_address(request, path, "", address))


@router.put(
    ADDRESS,
    auth=ApiKeyAuth("customers:write"),
    response={200: StorefrontAddressOut},
    summary="Change an address (B2B storefronts)",
)
@router.patch(
    ADDRESS,
    auth=ApiKeyAuth("customers:write"),
    response={200: StorefrontAddressOut},
    operation_id="connectors_storefront_api_patch_address",
    summary="Change an address, as with PUT (B2B storefronts)",
)
def change_address(request: ApiRequest, path: Path[AddressPath], address: StorefrontAddressIn) -> dict[str, Any]:
    """Replace an address of a customer, at the shop as well."""
    return _save_address(request, path, path.customer_address_external_id, address)


@router.delete(
    ADDRESS, auth=ApiKeyAuth("customers:write"), response={204: None}, summary="Delete an address (B2B storefronts)"
)
def delete_address(request: ApiRequest, path: Path[AddressPath]) -> Status[None]:
    """Delete an address of a customer, at the shop as well: 204, also when repeated."""
    storefront = _writable_site(request, path)
    with _errors():
        accounts.delete_address(
            storefront=storefront,
            customer=path.customer_external_id,
            address_id=path.customer_address_external_id,
            by=request.auth.user,
        )
    return Status(204, None)


# Checkout


@router.post(
    f"{SITE}/checkout/calculate",
    auth=ApiKeyAuth("customers:write"),
    response={200: QuoteOut},
    summary="Calculate a cart (B2B storefronts)",
)
def calculate_cart(request: ApiRequest, path: Path[StorefrontPath], cart: CartIn) -> QuoteOut:
    """Let the shop compute shipping methods, tax and total of a cart. Off unless the storefront's setting `checkout` is
    on: what is inside the documented fields is assumed."""
    storefront = _writable_site(request, path)
    with _errors():
        earlier = cart.ignite_state.shop_cart if cart.ignite_state else ""
        quote = checkouts.calculate_cart(storefront=storefront, cart=cart.to_cart(), earlier=earlier)
    signed = checkouts.signed_cart(storefront=storefront, cart_id=cart.cart_id, shop_cart=quote.shop_cart)
    return QuoteOut.of(quote, signed_cart=signed)


@router.post(
    f"{SITE}/checkout/complete",
    auth=ApiKeyAuth("customers:write"),
    response={201: CompletedOut},
    exclude_none=True,
    summary="Complete a cart (B2B storefronts)",
)
def complete_cart(request: ApiRequest, path: Path[StorefrontPath], cart: CartIn) -> Status[CompletedOut]:
    """Make an order of a cart at the shop, once however often it is called, or return where the customer pays. 400 if
    the total is not the one that was calculated."""
    storefront = _writable_site(request, path)
    with _errors():
        completed = checkouts.complete_cart(
            storefront=storefront,
            cart=cart.to_cart(),
            expected_total=cart.ignite_state.total if cart.ignite_state else None,
            pay_upfront=cart.pay_upfront,
            by=request.auth.user,
        )
    return Status(201, CompletedOut.of(completed))


# Sign-ins and metafields


@router.post(
    f"{SITE}/authentication/verify",
    auth=ApiKeyAuth("customers:write"),
    response={200: StorefrontCustomerOut},
    summary="Verify who is signed in (B2B storefronts)",
)
def verify_sign_in(request: ApiRequest, path: Path[StorefrontPath], proof: SignInIn) -> dict[str, str]:
    """The shop's ID of the customer for whom the shop issued `data`, such as a JSON Web Token. 401 if they do not prove
    that a customer is signed in who is enabled for B2B."""
    storefront = _writable_site(request, path)
    with _errors():
        try:
            external_id = accounts.verify_sign_in(storefront=storefront, data=proof.data)
        except NotSignedIn as error:
            raise ApiError(401, str(error)) from error
    return {"customer_external_id": external_id}


@router.get(
    f"{SITE}/metafield-configuration",
    auth=ApiKeyAuth("sync:trigger"),
    response={200: list[dict[str, Any]]},
    summary="List metafields (B2B storefronts)",
)
def list_metafields(request: ApiRequest, path: Path[StorefrontPath]) -> list[dict[str, Any]]:
    """Always empty: which field of the shop holds what is set in the field mapping of the shop's connection."""
    _active_site(request, path)
    return []


@router.post(
    f"{SITE}/metafield-configuration/enable",
    auth=ApiKeyAuth("sync:trigger"),
    response={204: None},
    summary="Enable a metafield (B2B storefronts)",
)
def enable_metafield(request: ApiRequest, path: Path[StorefrontPath], metafield: MetafieldIn) -> None:
    """Always 400, because no metafields are listed."""
    _writable_site(request, path)
    message = "Choose the field of the shop in the field mapping of its connection."
    raise ApiError(400, message, field_errors=[FieldError(property="key", code="unsupported", message=message)])


def _save_address(
    request: ApiRequest, path: CustomerPath, address_id: str, address: StorefrontAddressIn
) -> dict[str, Any]:
    storefront = _writable_site(request, path)
    record = address.to_record()
    record.external_id = address_id
    with _errors():
        saved = accounts.save_address(
            storefront=storefront,
            customer=path.customer_external_id,
            address=record,
            temporary=address.is_temporary,
            by=request.auth.user,
        )
    return address.model_dump() | {"customer_address_external_id": saved}


def _find_site(request: ApiRequest, path: StorefrontPath) -> Connection:
    site = Q(role=Role.B2B) & (Q(slug=path.site_id) | Q(settings__site_id=path.site_id))
    return find_connection(request, site & _of_environment(path.site_env))


def _of_environment(site_env: str) -> Q:
    named = Q(settings__site_env=site_env)
    return named | Q(settings__site_env=None) | ~Q(settings__has_key="site_env") if site_env == "live" else named


def _active_site(request: ApiRequest, path: StorefrontPath) -> Connection:
    storefront = _find_site(request, path)
    if storefront.state == Connection.State.UNINSTALLED:
        raise ApiError(404, f"{path.site_id} is uninstalled.")
    return storefront


def _writable_site(request: ApiRequest, path: StorefrontPath) -> Connection:
    storefront = _active_site(request, path)
    require_write_access(request.auth, storefront.seller)
    return storefront


@contextmanager
def _errors() -> Iterator[None]:
    """What went wrong, as the storefront should see it: its own mistake (400, 404), or a reason to try again (503)."""
    try:
        yield
    except LookupError as error:
        raise ApiError(404, str(error)) from error
    except TryAgainLater as error:
        raise ApiError(503, f"Try again later: {error}") from error
    except (AmbiguousCustomer, CheckoutRefused, NeedsAttention, SkipRecord) as error:
        raise ApiError(400, str(error)) from error
