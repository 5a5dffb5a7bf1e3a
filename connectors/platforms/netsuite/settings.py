"""Settings, credentials and field maps of a NetSuite connection; docs/platforms/netsuite.md explains each setting."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from connectors.sdk.erp_orders import send_pending_field
from connectors.sdk.orders import DifferentOrders, different_orders_field
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.time_zones import TimeZone
from connectors.sdk.transformations import SourceFieldMap

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156334828635.html
ExternalIdPart = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
InternalId = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")]
TaxRate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$")]
# A SuiteQL column or a record field. Only these characters are allowed, so that the value cannot inject SQL.
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,60}$")]
OptionalFieldName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,60})?$")]


class Settings(Schema):
    account: str = Field(
        pattern=r"^[A-Za-z0-9_]{1,20}$",
        title="Account ID",
        description="As shown under Setup > Company Information: 1234567, or 1234567_SB1 for a sandbox.",
    )
    auth: Literal["tba", "oauth2"] = Field(
        "oauth2",
        title="Authentication",
        description="oauth2: client credentials with a certificate. tba: OAuth 1 tokens, for which NetSuite creates no "
        "new integrations from 2027.1 on.",
    )
    client_id: str = Field(
        min_length=1, title="Client ID", description="Client ID of the integration record; for tba, its consumer key."
    )
    certificate_id: str = Field("", title="Certificate ID", description="For oauth2: ID of the mapped certificate.")
    algorithm: Literal["PS256", "ES256"] = Field(
        "PS256",
        title="Signature algorithm",
        description="For oauth2: PS256 for an RSA key, ES256 for a key on curve P-256.",
    )
    token_id: str = Field("", title="Token ID", description="For tba.")
    time_zone: TimeZone = Field(
        "America/Los_Angeles",
        title="Time zone",
        description="Time zone of the NetSuite user. NetSuite returns modification times in it, and orders and refunds "
        "have its dates.",
    )
    subsidiary: InternalId = Field("", title="Subsidiary", description="Internal ID, in a OneWorld account.")
    location: InternalId = Field(
        "", title="Location", description="Internal ID of the location that order lines ship from."
    )
    guest_customer: InternalId = Field(
        "", title="Guest customer", description="Internal ID of the customer for own orders without a customer."
    )
    seller_customers: dict[str, InternalId] = Field(
        default_factory=dict,
        title="Sellers as customers",
        description="Slug of a seller on whose behalf orders are shipped → internal ID of the customer. Customers for "
        "other sellers are created when needed.",
    )
    send_pending: bool = send_pending_field()
    dropship_prices: bool = Field(
        False,
        title="Send sellers' prices",
        description="For orders that are shipped for other sellers, send what the seller's customer paid. Otherwise "
        "NetSuite uses the price level of the seller.",
    )
    unreconciled_orders: DifferentOrders = different_orders_field()
    discount_item: InternalId = Field(
        "",
        title="Discount item",
        description="Internal ID of a discount item that carries the discounts of an order. Empty: discounts lower the "
        "lines.",
    )
    custom_item: str = Field(
        "",
        title="Item for lines without SKU",
        description="SKU of the item that stands for custom products and the like, and for refunded amounts that "
        "belong to no line. Empty: these are left out, and an issue says so.",
    )
    tax_type: InternalId = Field(
        "", title="Tax type", description="For accounts with SuiteTax: internal ID of the tax type of the tax codes."
    )
    tax_codes: dict[TaxRate, InternalId] = Field(
        default_factory=dict,
        title="Tax codes",
        description="For accounts with SuiteTax: tax rate in percent → internal ID of the tax code. With them, the tax "
        "of the order is sent; otherwise NetSuite works out the tax.",
    )
    tax_engine: Literal["detect", "legacy", "suitetax"] = Field(
        "detect",
        title="Tax engine",
        description="detect: NetSuite's list of fields tells whether the account has SuiteTax. legacy: no tax is sent.",
    )
    refunds: Literal["none", "credit_memo", "return_authorization"] = Field(
        "none",
        title="Refunds",
        description="What refunds of shipped goods and of amounts become. none: they change nothing in NetSuite.",
    )
    send_bundles: bool = Field(
        False,
        title="Send bundles as one line",
        description="For accounts that have an item under the SKU of each bundle, such as a kit. Otherwise the parts "
        "are sent, with the price shared out among them.",
    )
    currencies: dict[str, InternalId] = Field(
        default_factory=dict,
        title="Currencies",
        description="ISO code → internal ID. Empty: orders use the currency of their customer; orders that are not in "
        "the currency of their shop are not sent.",
    )
    order_defaults: dict[FieldName, Any] = Field(
        default_factory=dict,
        title="Default field values",
        description='Fields of NetSuite\'s REST for every new sales order, for example custbody_channel.id = "3".',
    )
    matrix_items: bool = Field(
        True,
        title="Matrix items",
        description="The account has the feature Matrix Items: the children of a matrix item are its variants.",
    )
    stock_table: Literal["inventoryitemlocations", "aggregateitemlocation"] = Field(
        "inventoryitemlocations",
        title="Stock table",
        description="The table in SuiteQL that has the stock of each location. Accounts have one or both of them.",
    )
    price_level: InternalId = Field(
        "1",
        title="Price level",
        description="Internal ID of the price level that prices are read from; 1 is Base Price. Empty: no prices are "
        "read.",
    )
    price_currency: InternalId = Field(
        "", title="Price currency", description="Internal ID, for accounts with prices in several currencies."
    )
    item_types: list[FieldName] = Field(
        default_factory=lambda: ["InvtPart", "Assembly", "Kit"],
        min_length=1,
        title="Item types",
        description="Which items are read as products.",
    )
    external_ids: ExternalIdPart = Field(
        "sc",
        title="External ID prefix",
        description="Don't change this after orders were sent; SyncCenter finds its orders by it.",
    )

    @model_validator(mode="after")
    def _check_tax_settings(self) -> Self:
        if self.tax_codes and not self.tax_type:
            raise ValueError("tax_type is required for tax_codes")
        return self

    @model_validator(mode="after")
    def _check_auth_settings(self) -> Self:
        if self.auth == "oauth2" and not self.certificate_id:
            raise ValueError("certificate_id is required for oauth2")
        if self.auth == "tba" and not self.token_id:
            raise ValueError("token_id is required for tba")
        return self


class Credentials(Schema):
    private_key: SecretStr = Field(
        SecretStr(""),
        title="Private key",
        description="For oauth2: the key of the certificate, as PEM, without a password.",
    )
    consumer_secret: SecretStr = Field(SecretStr(""), title="Consumer secret", description="For tba.")
    token_secret: SecretStr = Field(SecretStr(""), title="Token secret", description="For tba.")

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        tokens = self.consumer_secret.get_secret_value() and self.token_secret.get_secret_value()
        if not (self.private_key.get_secret_value() or tokens):
            raise ValueError("enter the private key, or consumer secret and token secret")
        return self


class ItemMap(Schema):
    """Columns of `item` in SuiteQL."""

    sku: FieldName = "itemid"
    title: FieldName = "displayname"
    description: OptionalFieldName = "storedescription"
    barcode: OptionalFieldName = "upccode"
    mpn: OptionalFieldName = ""
    rrp: OptionalFieldName = ""
    # Names of our attributes, and of the options that tell variants apart → columns. Of lists we read the texts.
    attributes: dict[str, FieldName] = Field(default_factory=dict)
    options: dict[str, FieldName] = Field(default_factory=dict)
    # Columns that refer to an image in the File Cabinet. None: images are not read.
    images: list[FieldName] = Field(default_factory=lambda: ["storedisplayimage"])


class OrderMap(Schema):
    """Fields of `salesOrder` in REST; `line_id` is the column of its lines in which our line ID is stored."""

    number: OptionalFieldName = "otherRefNum"
    seller: OptionalFieldName = ""
    line_id: OptionalFieldName = ""


class CustomerMap(Schema):
    """Fields of `customer` in REST."""

    accounting_id: OptionalFieldName = ""
    tax_id: OptionalFieldName = ""
    group: OptionalFieldName = ""


class FieldMap(SourceFieldMap):
    products: ItemMap = ItemMap()
    orders: OrderMap = OrderMap()
    customers: CustomerMap = CustomerMap()


GUIDE = SetupGuide(
    url="https://ACCOUNT.suitetalk.api.netsuite.com/services/rest, with the account ID in lower case and a hyphen "
    "for each underscore.",
    steps="In NetSuite, create an integration record with the client credentials grant under Setup › Integration › "
    "Manage Integrations (it shows the client ID once), and map a certificate to it under Setup › Integration "
    "› OAuth 2.0 Client Credentials Setup (the certificate ID). Enter the certificate ID among the settings, "
    "and the certificate's private key as credential.",
    page="https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162686838198.html",
)
