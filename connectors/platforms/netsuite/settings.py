"""What a connection to NetSuite is told: account, sign-in, fields that accounts name differently (S5)."""

from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from connectors.contract import Schema

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156334828635.html
ExternalIdPart = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
InternalId = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")]
# A column of SuiteQL or a field of a record: nothing else ever becomes part of a query.
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,60}$")]
OptionalFieldName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,60})?$")]


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write one such as America/Los_Angeles")
    return name


class Settings(Schema):
    account: str = Field(
        pattern=r"^[A-Za-z0-9_]{1,20}$",
        title="Account id",
        description="As under Setup, Company Information: 1234567, or 1234567_SB1 for a sandbox.",
    )
    auth: Literal["tba", "oauth2"] = Field(
        "oauth2",
        title="Sign-in",
        description="oauth2: client credentials with a certificate. tba: tokens by OAuth 1; NetSuite makes no new "
        "integrations for these from 2027.1 on.",
    )
    client_id: str = Field(
        min_length=1, title="Client id", description="Of the integration record; for tokens its consumer key."
    )
    certificate_id: str = Field("", title="Certificate id", description="For oauth2: of the mapped certificate.")
    algorithm: Literal["PS256", "ES256"] = Field(
        "PS256", title="Signature", description="For oauth2: PS256 with an RSA key, ES256 with one on the curve P-256."
    )
    token_id: str = Field("", title="Token id", description="For tba.")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "America/Los_Angeles",
        title="Time zone",
        description="Of the user that we sign in as: by it NetSuite says when something changed.",
    )
    subsidiary: InternalId = Field("", title="Subsidiary", description="Internal id, in a OneWorld account.")
    location: InternalId = Field("", title="Location", description="Internal id of where order lines ship from.")
    guest_customer: InternalId = Field(
        "", title="Customer of guests", description="Internal id of the customer of own orders that name none."
    )
    seller_customers: dict[str, InternalId] = Field(
        default_factory=dict,
        title="Customers that are sellers",
        description="Slug of a seller for whom we ship → internal id of that customer. Others are made when needed.",
    )
    send_pending: bool = Field(
        False,
        title="Send unpaid orders",
        description="Also orders that are pending; otherwise once they are confirmed.",
    )
    dropship_prices: bool = Field(
        False,
        title="Sellers' prices",
        description="Send what the seller's customer paid for lines that we ship for others. Otherwise NetSuite prices "
        "them by the customer's price level.",
    )
    currencies: dict[str, InternalId] = Field(
        default_factory=dict,
        title="Currencies",
        description="ISO code → internal id. Empty: orders are in the customer's currency, whatever it is.",
    )
    order_defaults: dict[FieldName, Any] = Field(
        default_factory=dict,
        title="Further fields",
        description='Of every new sales order, as NetSuite\'s REST takes them: {"custbody_channel": {"id": "3"}}.',
    )
    item_types: list[FieldName] = Field(
        default_factory=lambda: ["InvtPart", "Assembly", "Kit"],
        min_length=1,
        title="Types of items",
        description="Which items are read as products.",
    )
    external_ids: ExternalIdPart = Field(
        "sc", title="Prefix of external ids", description="Never change it once orders were sent: they are found by it."
    )

    @model_validator(mode="after")
    def _check_auth_settings(self) -> Self:
        if self.auth == "oauth2" and not self.certificate_id:
            raise ValueError("certificate_id is needed for oauth2")
        if self.auth == "tba" and not self.token_id:
            raise ValueError("token_id is needed for tba")
        return self


class Credentials(Schema):
    private_key: SecretStr = Field(
        SecretStr(""), title="Private key", description="For oauth2: that of the certificate, in PEM, without password."
    )
    consumer_secret: SecretStr = Field(SecretStr(""), title="Consumer secret", description="For tba.")
    token_secret: SecretStr = Field(SecretStr(""), title="Token secret", description="For tba.")

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        tokens = self.consumer_secret.get_secret_value() and self.token_secret.get_secret_value()
        if not (self.private_key.get_secret_value() or tokens):
            raise ValueError("give the private key, or consumer secret and token secret")
        return self


class ItemMap(Schema):
    """Columns of `item` in SuiteQL."""

    sku: FieldName = "itemid"
    title: FieldName = "displayname"
    description: OptionalFieldName = "storedescription"
    barcode: OptionalFieldName = "upccode"
    rrp: OptionalFieldName = ""
    # Names of our attributes → columns.
    attributes: dict[str, FieldName] = Field(default_factory=dict)


class OrderMap(Schema):
    """Fields of `salesOrder` in REST; `line_id` is a column of its lines."""

    number: OptionalFieldName = "otherRefNum"
    seller: OptionalFieldName = ""
    line_id: OptionalFieldName = ""


class CustomerMap(Schema):
    """Fields of `customer` in REST."""

    accounting_id: OptionalFieldName = ""
    tax_id: OptionalFieldName = ""
    group: OptionalFieldName = ""


class FieldMap(Schema):
    products: ItemMap = ItemMap()
    orders: OrderMap = OrderMap()
    customers: CustomerMap = CustomerMap()
