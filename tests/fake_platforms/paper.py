"""Two platforms on paper, for tests of the faces: a shop to import from and a B2B front to export to."""

from datetime import date
from typing import Any, Literal

from pydantic import Field, SecretStr

from connectors.sdk.adapter import Adapter
from connectors.sdk.schemas import Schema
from connectors.sdk.errors import NeedsAttention
from hub.kinds import DataType, Role


class FakeCustomerFields(Schema):
    group: str = ""


class FakeShop(Adapter):
    key = "paper"
    name = "Paper Shop"
    role = Role.SHOP
    imports = {DataType.PRODUCTS: "read", DataType.CUSTOMERS: "read", DataType.SETTINGS: "read"}
    import_dependencies = {DataType.PRODUCTS: (DataType.SETTINGS,)}
    manual_webhooks = True

    class Settings(Schema):
        store: str = Field(title="Store hash", description="Stands in the address of the control panel.")
        channel: int = Field(1, title="Channel", ge=1)
        hidden: bool = Field(False, title="Hidden products too")
        storefronts: list[str] = Field([], title="Storefronts")
        edition: Literal["small", "large"] = Field("small", title="Edition")

    class Credentials(Schema):
        user: str = Field(title="User")
        token: SecretStr = Field(title="Access token", description="From the shop's API accounts.")

    class FieldMap(Schema):
        customers: FakeCustomerFields = FakeCustomerFields()

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        return ["The small edition ends soon: choose the large one."] if settings.edition == "small" else []

    def check(self) -> str:
        if self.account.credentials.token.get_secret_value() != "paper-token":
            raise NeedsAttention("The shop refused the token.", fix="Make a new one.")
        return f"Paper Shop {self.account.settings.store}"


class FakeStorefront(Adapter):
    key = "paper_front"
    name = "Paper Front"
    role = Role.B2B
    exports = {DataType.PRODUCTS: "write", DataType.CUSTOMERS: "write", DataType.ORDERS: "write"}

    class Settings(Schema):
        site_id: str
        site_env: str = "live"

    class Credentials(Schema):
        client_secret: SecretStr
