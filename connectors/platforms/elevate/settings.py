"""Settings, credentials and field map of a connection to an Elevate cluster."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from connectors.sdk.schemas import Schema


class Settings(Schema):
    api_version: Literal["v4", "v3"] = Field(
        "v4",
        title="Admin API",
        description="v3 ends on 2026-12-31; changing the version sends the whole catalog again.",
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
    price_list: str = Field(title="Price list", description="Slug of the price list whose prices are shown.")
    product_url: str = Field(
        "/{slug}/", title="Product URL template", description="{slug} and {id} are replaced by the product's."
    )
    variant_key: Literal["sku", "id"] = Field("sku", title="Variant ID field")
    custom_labels: tuple[str, ...] = Field(
        (), title="Custom labels", description="Names of the product attributes and options to send."
    )
    untracked_stock: int = Field(
        1,
        ge=0,
        title="Stock for untracked variants",
        description="Quantity sent for variants whose stock isn't tracked.",
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
        if "{slug}" not in value and "{id}" not in value:
            raise ValueError("it must contain {slug} or {id}; otherwise all products have the same URL")
        return value

    @field_validator("locale")
    @classmethod
    def _require_locale(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("api_version") == "v3":
            raise ValueError("v3 requires a language, for example en-GB")
        return value


class FieldMap(Schema):
    label_names: dict[str, str] = Field(
        default_factory=dict,
        title="Label names",
        description="Custom label whose values are ids → the product attribute that holds their names.",
    )


class Credentials(Schema):
    api_key: SecretStr = Field(min_length=1, title="API key", description="The cluster's private key.")
