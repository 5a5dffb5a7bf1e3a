"""API schemas of customers as B2B storefronts send them (D13)."""

from decimal import Decimal
from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Field, Schema
from pydantic import AfterValidator, StringConstraints

from common.storable import Line
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


class StorefrontAddressIn(Schema):
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

    email: Annotated[str, StringConstraints(max_length=320), AfterValidator(_email)]
    first_name: Annotated[Line150, StringConstraints(min_length=1)]
    last_name: Annotated[Line150, StringConstraints(min_length=1)]
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
