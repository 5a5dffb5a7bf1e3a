"""Settings, credentials and field map of a connection to an Elevate cluster."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide


class Settings(Schema):
    api_version: Literal["v4", "v3"] = Field(
        "v4",
        title="Admin API",
        description="v3 ends on 2026-12-31. A cluster takes one version only: an operator confirms the move.",
    )
    markets: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        title="Markets", description="Markets that are configured in Elevate."
    )
    locale: str = Field(
        "",
        validate_default=True,
        title="Language",
        description="For example en-GB. Leave empty for the market's default.",
    )
    configure_markets: bool = Field(
        False,
        title="Create missing markets",
        description="Adds markets and languages that Elevate does not have yet. Nothing is removed there. v4 only.",
    )
    price_list: str = Field(title="Price list", description="Slug of the price list whose prices are shown.")
    product_url: str = Field(
        "/{slug}/",
        title="Product URL template",
        description="{slug} and {id} are replaced by the product's, {sku} by that of its first variant.",
    )
    variant_key: Literal["sku", "id"] = Field("sku", title="Variant ID field")
    product_options: tuple[str, ...] = Field(
        (),
        title="Options shown as products",
        description="Options whose values look different, such as Colour. Each value becomes a product of the group. "
        "A change removes products from the index, so an operator has to confirm the next import.",
    )
    size_option: str = Field("", title="Size option", description="Name of the option that is the size.")
    custom_labels: tuple[str, ...] = Field(
        (), title="Custom labels", description="Names of the product attributes and options to send."
    )
    untracked_stock: int = Field(
        1,
        ge=0,
        title="Stock for untracked variants",
        description="Quantity sent for variants whose stock isn't tracked.",
    )
    stores_sell_online: bool = Field(
        False, title="Stores sell online", description="Whether online stock includes that of the stores."
    )
    drain_every: float = Field(
        300,
        ge=1,
        title="Seconds between imports",
        description="Changes are collected for this long, then sent as one import.",
    )
    blocking_timeout: int = Field(
        20, ge=1, le=50, title="Seconds to wait for an import", description="After that its status is polled."
    )

    @field_validator("product_url")
    @classmethod
    def _check_placeholder(cls, value: str) -> str:
        if not any(each in value for each in ("{slug}", "{id}", "{sku}")):
            raise ValueError("it must contain {slug}, {id} or {sku}; otherwise all products have the same URL")
        return value

    @field_validator("locale")
    @classmethod
    def _require_locale(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("api_version") == "v3":
            raise ValueError("v3 requires a language, for example en-GB")
        return value


class Market(Schema):
    """A market's price list (empty: that of the settings), and how it is created in Elevate."""

    price_list: str = ""
    locales: tuple[str, ...] = ()
    name: str = ""
    currency: str = ""


class FieldMap(Schema):
    label_names: dict[str, str] = Field(
        default_factory=dict,
        title="Label names",
        description="Custom label whose values are ids → the product attribute that holds their names.",
    )
    markets: dict[str, Market] = Field(
        default_factory=dict, title="Markets", description="Market → its price list, languages, name and currency."
    )
    stores: dict[str, str] = Field(
        default_factory=dict, title="Stores", description="Stock location → key of the store in Elevate."
    )
    translations: dict[str, dict[Literal["title", "description", "url"], str]] = Field(
        default_factory=dict,
        title="Translations",
        description="Language → text → the product attribute that holds it.",
    )


class Credentials(Schema):
    api_key: SecretStr = Field(min_length=1, title="API key", description="The cluster's private key.")


GUIDE = SetupGuide(
    url="The cluster's own, such as https://CLUSTER.elevate-api.cloud.",
    steps="Voyado gives you the cluster's ID and its private key. Configure markets and languages in Elevate first.",
    page="https://docs.elevate.voyado.cloud/",
)
