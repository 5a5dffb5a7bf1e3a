"""Settings, credentials and field maps of a Tryton connection; docs/platforms/tryton.md explains each setting."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from connectors.sdk.erp_orders import send_pending_field
from connectors.sdk.orders import DifferentOrders, different_orders_field
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.time_zones import TimeZone
from connectors.sdk.transformations import SourceFieldMap

RecordId = Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")]
TaxRate = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$")]
# A field of a model, or of a record that it refers to: `code`, `template.name`.
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}(\.[a-z][a-z0-9_]{0,60}){0,3}$")]
OptionalFieldName = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,60}(\.[a-z][a-z0-9_]{0,60}){0,3})?$")]
OwnField = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
OptionalOwnField = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,60})?$")]
ProductType = Literal["goods", "assets", "service"]
KeyPart = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]


class Settings(Schema):
    company: RecordId = Field(
        "", title="Company", description="ID of the company. Empty: the only company that the user has access to."
    )
    warehouses: list[str] = Field(
        default_factory=list,
        title="Warehouses",
        description="Codes of the warehouses whose stock is read. Empty: all active warehouses.",
    )
    order_warehouse: str = Field(
        "",
        title="Warehouse of orders",
        description="Code of the warehouse that orders are shipped from. Empty: Tryton's default warehouse.",
    )
    stock: Literal["forecast_quantity", "quantity"] = Field(
        "forecast_quantity",
        title="Stock",
        description="forecast_quantity: what is in stock, less what is promised to customers and with what is expected "
        "until today. quantity: what is in stock.",
    )
    product_types: list[ProductType] = Field(
        default=["goods"],
        min_length=1,
        title="Product types",
        description="Which products are read.",
    )
    only_salable: bool = Field(True, title="Only salable products", description="Read only products that are for sale.")
    order_state: Literal["draft", "quotation", "processing"] = Field(
        "processing",
        title="State of orders",
        description="How far a sale is taken. Only those in processing have shipments and invoices.",
    )
    time_zone: TimeZone = Field(
        "UTC", title="Time zone", description="Time zone of the company: the dates of sales are those of its days."
    )
    send_pending: bool = send_pending_field()
    guest_party: RecordId = Field(
        "", title="Party of guests", description="ID of the party for orders without a customer."
    )
    seller_parties: dict[str, RecordId] = Field(
        default_factory=dict,
        title="Sellers as parties",
        description="Slug of a seller on whose behalf orders are shipped → ID of the party. Parties for other sellers "
        "are created when needed.",
    )
    taxes: dict[TaxRate, RecordId] = Field(
        default_factory=dict,
        title="Taxes",
        description="Tax rate in percent → ID of the tax. Rates without an entry are looked up among the sales taxes "
        "of the company.",
    )
    charge_product: str = Field(
        "",
        title="Product for shipping and charges",
        description="Code of a service that stands for shipping and other charges. Empty: lines without a product.",
    )
    price_decimals: int = Field(
        4,
        ge=2,
        le=8,
        title="Decimal places of prices",
        description="As `price_decimal` in the configuration of the Tryton server.",
    )
    send_bundles: bool = Field(
        False,
        title="Send bundles as one line",
        description="For databases that have a product under the SKU of each bundle. Otherwise the parts are sent, "
        "with the price shared out among them.",
    )
    refunds: Literal["none", "return"] = Field(
        "none",
        title="Refunds",
        description="What refunds of shipped goods and of amounts become. return: a sale with negative quantities. "
        "none: they change nothing in Tryton.",
    )
    unreconciled_orders: DifferentOrders = different_orders_field()
    keys: KeyPart = Field(
        "sc",
        title="Prefix of keys",
        description="Don't change this after orders were sent; SyncCenter finds its orders and customers by it.",
    )


class Credentials(Schema):
    key: SecretStr = Field(
        min_length=1,
        title="User application key",
        description="Key of the application REST API, as shown in Tryton under the preferences of the user.",
    )


class ProductMap(Schema):
    """Fields of `product.product`, or of records that it refers to."""

    sku: FieldName = "code"
    # Empty: the EAN among the identifiers.
    barcode: OptionalFieldName = ""
    mpn: OptionalFieldName = ""
    rrp: OptionalFieldName = ""
    # Names of our attributes, and of the options that tell variants apart → fields.
    attributes: dict[str, FieldName] = Field(default_factory=dict)
    options: dict[str, FieldName] = Field(default_factory=dict)


class OrderMap(Schema):
    """Fields of `sale.sale`: `key` holds the key by which SyncCenter finds its orders."""

    number: OwnField = "reference"
    key: OwnField = "description"
    note: OptionalOwnField = "comment"


class CustomerMap(Schema):
    """Fields of `party.party`."""

    accounting_id: OptionalOwnField = ""
    tax_id: OptionalOwnField = ""
    group: OptionalOwnField = ""


class FieldMap(SourceFieldMap):
    products: ProductMap = ProductMap()
    orders: OrderMap = OrderMap()
    customers: CustomerMap = CustomerMap()


GUIDE = SetupGuide(
    url="The server's own with the name of the database, such as https://erp.example.com/DATABASE/.",
    steps="In Tryton, create a user with the right to read products, accounts and locations, open it as an "
    "administrator, add a user application for the REST API, and copy its key.",
    page="https://docs.tryton.org/latest/server/",
)
