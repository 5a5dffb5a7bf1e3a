"""API schemas of what B2B storefronts send and get: connection, customers, sub-accounts, addresses, sign-ins (D13)."""

from decimal import Decimal
from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Field, Schema
from pydantic import AfterValidator, SecretStr, StringConstraints

from common.rest import FieldError, ProblemDetails
from common.storable import Line
from connectors.services.storefront_accounts import SubAccount
from connectors.services.storefront_connections import StorefrontCredentials
from connectors.services.storefront_customers import StorefrontCustomer
from orders.records import AddressRecord

Line50 = Annotated[Line, StringConstraints(max_length=50)]
Line100 = Annotated[Line, StringConstraints(max_length=100)]
Line150 = Annotated[Line, StringConstraints(max_length=150)]
Line255 = Annotated[Line, StringConstraints(max_length=255)]


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise ValueError("Enter a valid email address.") from error
    return value


Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(_email)]
PersonName = Annotated[Line150, StringConstraints(min_length=1)]


class ConnectIn(Schema):
    """What a storefront presents when it connects. Unknown fields, such as a platform's own keys, are ignored."""

    store_id: Annotated[Line, StringConstraints(min_length=1, max_length=200)] = Field(
        description="The shop's own ID of the store."
    )
    spark_api_client_id: Annotated[Line, StringConstraints(min_length=1, max_length=200)]
    spark_api_client_secret: Annotated[SecretStr, StringConstraints(min_length=1, max_length=500)]

    def to_credentials(self) -> StorefrontCredentials:
        return StorefrontCredentials(
            store_id=self.store_id,
            client_id=self.spark_api_client_id,
            client_secret=self.spark_api_client_secret.get_secret_value(),
        )


class RedirectOut(Schema):
    redirect_url: str = Field(description="Where the merchant connects the shop that the storefront runs on.")


class StorefrontAddressIn(Schema):
    title: Line50 | None = None
    first_name: Line150 = ""
    last_name: Line150 = ""
    company: Line255 | None = None
    address_line1: Line255 = ""
    address_line2: Line255 | None = None
    city: Line150 = ""
    region_name: Line150 | None = None
    region_code: Line50 | None = None
    postal_code: Annotated[Line, StringConstraints(max_length=30)] | None = None
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    phone: Line50 | None = None
    is_default_shipping: bool = False
    is_default_billing: bool = False
    is_temporary: bool = False

    def to_record(self) -> AddressRecord:
        use = "billing" if self.is_default_billing else "shipping" if self.is_default_shipping else "other"
        return AddressRecord(
            use=use,
            first_name=self.first_name,
            last_name=self.last_name,
            company=self.company or "",
            street=self.address_line1,
            street2=self.address_line2 or "",
            city=self.city,
            region=self.region_name or self.region_code or "",
            postcode=self.postal_code or "",
            country=self.country_code,
            phone=self.phone or "",
        )


class StorefrontCustomerIn(Schema):
    """A customer as a B2B storefront sends it. Omitted fields are not changed; unknown fields are ignored."""

    email: Email
    first_name: PersonName
    last_name: PersonName
    company_name: Line255 | None = None
    accounting_id: Line100 | None = None
    group: Annotated[Line, StringConstraints(max_length=200)] | None = None
    sales_agent_groups: list[Line100] | None = Field(None, max_length=100)
    price_lists: list[Line100] | None = Field(None, max_length=100)
    customer_discount_percentage: Decimal | None = Field(None, ge=0, le=100)
    addresses: list[StorefrontAddressIn] | None = Field(None, max_length=100)

    def to_customer(self) -> StorefrontCustomer:
        return StorefrontCustomer(
            **self.model_dump(exclude={"customer_discount_percentage", "addresses"}),
            discount_percentage=self.customer_discount_percentage,
            addresses=None if self.addresses is None else [each.to_record() for each in self.addresses],
        )


class StorefrontCustomerOut(Schema):
    customer_external_id: str = Field(
        description="The shop's customer ID, or our ID if the shop does not have the customer yet."
    )


class StorefrontAddressOut(StorefrontAddressIn):
    customer_address_external_id: str = Field(description="The shop's ID of the address, or ours.")


class SubAccountIn(Schema):
    """A person who orders for a customer's company. Unknown fields are ignored; the role belongs to the storefront."""

    email: Email
    first_name: PersonName
    last_name: PersonName
    parent_customer_external_id: Annotated[Line100, StringConstraints(min_length=1)]
    role: Line100 | None = None

    def to_account(self) -> SubAccount:
        return SubAccount(
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            parent=self.parent_customer_external_id,
        )


class SubAccountChangeIn(Schema):
    """Omitted fields are not changed; the email address cannot be changed."""

    first_name: PersonName | None = None
    last_name: PersonName | None = None
    role: Line100 | None = None


class SubAccountError(ProblemDetails):
    """A rejected sub-account. `error_code` is what storefronts read."""

    error_code: str = ""

    @classmethod
    def email_taken(cls) -> "SubAccountError":
        message = "A customer with this email address already exists."
        return cls(
            title="Bad Request",
            status=400,
            detail=message,
            errors=[FieldError(property="email", code="taken", message=message)],
            error_code="email-already-taken",
        )


class SignInIn(Schema):
    """What the storefront got from the shop in the customer's browser, such as a JSON Web Token."""

    data: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class MetafieldIn(Schema):
    key: Line100
