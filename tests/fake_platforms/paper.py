"""Two platforms without a remote side, for tests of forms, pages and APIs: a shop to import, a storefront to export."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, SecretStr

from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.schemas import Schema
from connectors.sdk.storefronts import ConnectionFields, ConnectsItself
from connectors.sdk.streams import Source, Target
from connectors.sdk.webhooks import Webhooks
from hub.kinds import DataType, Role


class FakeCustomerFields(Schema):
    group: str = ""


class FakeSource(Source[None, Any]):
    lane = "read"

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[Any]:
        return Page([], None)

    def fetch(self, external_ids: Sequence[str]) -> list[Any]:
        return []


class FakeProducts(FakeSource):
    data_type = DataType.PRODUCTS
    depends_on = (DataType.SETTINGS,)


class FakeCustomers(FakeSource):
    data_type = DataType.CUSTOMERS


class FakeSettings(FakeSource):
    data_type = DataType.SETTINGS


def _is_small(client: Any) -> Finding:
    return refuted("The shop says it is a large one.", edition="large")


def _does_not_answer(client: Any) -> Finding:
    raise TryAgainLater("The shop did not answer.")


class FakeWebhooks(Webhooks[None]):
    configured_manually = True


class FakeShop(Adapter[None]):
    key = "paper"
    name = "Paper Shop"
    role = Role.SHOP
    streams = (FakeProducts, FakeCustomers, FakeSettings)
    webhooks = FakeWebhooks
    assumptions = (
        Assumption("ids", "IDs are numbers.", lambda client: confirmed("All 5 are.")),
        Assumption("edition", "The shop is a small one.", _is_small),
        Assumption("order", "The shop lists the newest first.", _does_not_answer),
        Assumption("removal", "The shop forgets what was removed."),
    )

    def make_client(self) -> None:
        return None

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
            raise NeedsAttention("The shop rejected the token.", fix="Create a new one.")
        return f"Paper Shop {self.account.settings.store}"


class FakeTarget(Target[None, Any, Any]):
    lane = "write"

    def payload(self, item: Any, refs: References) -> Any:
        return {}

    def send(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        return [Outcome(str(each.item_id)) for each in operations]


class FakeProductTarget(FakeTarget):
    data_type = DataType.PRODUCTS


class FakeCustomerTarget(FakeTarget):
    data_type = DataType.CUSTOMERS


class FakeOrderTarget(FakeTarget):
    data_type = DataType.ORDERS


class FakeStorefront(Adapter[None], ConnectsItself):
    key = "paper_front"
    name = "Paper Front"
    role = Role.B2B
    streams = (FakeProductTarget, FakeCustomerTarget, FakeOrderTarget)

    def make_client(self) -> None:
        return None

    def check(self) -> str:
        return "Paper Front"

    class Settings(Schema):
        site_id: str
        site_env: str = "live"

    class Credentials(Schema):
        client_secret: SecretStr

    @classmethod
    def connection_fields(
        cls, *, site_env: str, site_id: str, client_id: str, client_secret: str, shop: str
    ) -> ConnectionFields:
        return ConnectionFields(
            "http://127.0.0.1:9", {"site_id": site_id, "site_env": site_env}, {"client_secret": client_secret}
        )
