"""Any system that speaks the small protocol of docs/platforms/rest.md: as a target, or as a shop to read from.

Two platforms rather than one with two directions, since a system that is read and written by one connection would be
read back what it was just sent.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import (
    Action,
    Adapter,
    ComparisonDepth,
    EventReference,
    HeldPage,
    IdPage,
    Operation,
    Outcome,
    Page,
    References,
    Schema,
)
from connectors.errors import BatchRefused, NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import Refused, Response
from connectors.platforms.rest import payloads
from connectors.platforms.rest.records import parse_event, record
from connectors.records import Record
from hub.kinds import DataType, Kind, Role

BATCH_SIZE = 100
PAGE_SIZE = 100
PLURALS: dict[str, str] = {
    Kind.PRODUCT: "products",
    Kind.VARIANT: "stock",
    Kind.CATEGORY: "categories",
    Kind.BRAND: "brands",
    Kind.CUSTOMER: "customers",
    Kind.ORDER: "orders",
}
PAYLOAD_BUILDERS: dict[DataType, Callable[[Any, References], dict[str, Any] | None]] = {
    DataType.PRODUCTS: payloads.product,
    DataType.STOCK: payloads.stock,
    DataType.CATEGORIES: payloads.category,
    DataType.BRANDS: payloads.brand,
    DataType.CUSTOMERS: payloads.customer,
    DataType.ORDERS: payloads.order,
}


class Credentials(Schema):
    token: SecretStr = Field(min_length=1, title="Token", description="Sent as Authorization: Bearer.")


class TargetSettings(Schema):
    price_list: str = Field("", title="Price list", description="Slug of the list of default prices; empty: the first.")


class _Rest(Adapter):
    """What both directions have in common."""

    Credentials = Credentials

    def authenticate(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.credentials.token.get_secret_value()}"}

    def check(self) -> str:
        self._list("products", limit=1)
        return "The system answers and knows products."

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        path = PLURALS.get(kind)
        if path is None:
            return super().lookup(kind, external_ids)
        return {each["key"] for each in self._find(path, list(external_ids))}

    def list_ids(self, kind: str, *, cursor: Any) -> IdPage:
        path = PLURALS.get(kind)
        if path is None:
            return super().list_ids(kind, cursor=cursor)
        answer = self._page(path, cursor)
        return IdPage([each["key"] for each in answer["items"]], answer["next"])

    def _page(self, kind: str, cursor: Any) -> dict[str, Any]:
        """A page of a list whose items all have their keys."""
        answer = self._list(kind, limit=PAGE_SIZE, **({} if cursor is None else {"after": cursor}))
        if not all(isinstance(each, dict) and isinstance(each.get("key"), str) for each in answer["items"]):
            raise TryAgainLater(f"/v1/{kind} answered without the keys of its items.")
        return answer

    def _list(self, kind: str, **query: Any) -> dict[str, Any]:
        answer = self._read("GET", f"/v1/{kind}", params=query)
        match answer:
            case {"items": list(), "next": str() | None}:
                return answer
        raise TryAgainLater(f"/v1/{kind} answered without a list of items.")

    def _find(self, kind: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        """The objects that exist under the keys, with a call for every hundred."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), BATCH_SIZE):
            requested_keys = list(keys[start : start + BATCH_SIZE])
            match self._read("POST", f"/v1/{kind}/find", body=requested_keys):
                case {"items": list(items)} if all(
                    isinstance(each, dict) and each.get("key") in requested_keys for each in items
                ):
                    found += items
                case _:
                    raise TryAgainLater(f"/v1/{kind}/find answered without a list of what was asked for.")
        return found

    def _read(self, method: str, path: str, **options: Any) -> Any:
        try:
            return self.http.request(method, path, **options).json()
        except Refused as refused:
            raise _unsupported_endpoint(path, refused) from refused


class RestTarget(_Rest):
    """Writes to the system: a batch of up to 100 objects each replaces what stands under its key."""

    key = "rest"
    name = "Custom system (REST)"
    role = Role.CUSTOM
    Settings = TargetSettings
    exports = {
        DataType.CATEGORIES: "categories",
        DataType.BRANDS: "brands",
        DataType.PRODUCTS: "products",
        DataType.STOCK: "stock",
        DataType.PRICES: "prices",
        DataType.CUSTOMERS: "customers",
        DataType.ORDERS: "orders",
    }
    shards = {DataType.PRODUCTS: 4}
    batch_size = dict.fromkeys(exports, BATCH_SIZE)
    comparable = dict.fromkeys(exports, ComparisonDepth.CONTENT)

    def read_held(self, data_type: DataType, *, cursor: Any) -> HeldPage:
        answer = self._page(data_type, cursor)
        return HeldPage({each.pop("key"): each for each in answer["items"]}, answer["next"])

    def holds(self, data_type: DataType, external_ids: Collection[str]) -> set[str]:
        return {each["key"] for each in self._find(data_type, list(external_ids))}

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        if data_type == DataType.PRICES:
            return payloads.prices(item, refs, self.account.settings.price_list)
        if build_payload := PAYLOAD_BUILDERS.get(data_type):
            return build_payload(item, refs)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        """One PUT for what is to be there and one DELETE for what is not; both may be repeated."""
        keys = [operation.external_id or str(operation.item_id) for operation in operations]
        outcomes: dict[int, Outcome] = {}
        puts = [position for position, operation in enumerate(operations) if operation.action is not Action.REMOVE]
        gone = [position for position, operation in enumerate(operations) if operation.action is Action.REMOVE]
        bodies = [operations[position].payload | {"key": keys[position]} for position in puts]
        for method, positions, body in (("PUT", puts, bodies), ("DELETE", gone, [keys[position] for position in gone])):
            if positions:
                results = self._write(method, data_type, body)
                outcomes |= {
                    position: _outcome(keys[position], result)
                    for position, result in zip(positions, results, strict=True)
                }
        return [outcomes[position] for position in range(len(operations))]

    def _write(self, method: str, kind: str, body: list[Any]) -> list[Any]:
        try:
            answer = self.http.request(method, f"/v1/{kind}", body=body)
        except Refused as refused:
            if refused.status in (404, 405):
                raise _unsupported_endpoint(f"/v1/{kind}", refused) from refused
            raise BatchRefused(str(refused), code=refused.code) from refused
        return _results(answer, len(body), f"{method} /v1/{kind}")


class RestShop(_Rest):
    """Reads products, categories and brands from the system, in order of key, and what its events name."""

    key = "rest_shop"
    name = "Custom shop (REST)"
    role = Role.SHOP
    imports = {DataType.CATEGORIES: "catalog", DataType.BRANDS: "catalog", DataType.PRODUCTS: "catalog"}
    import_dependencies = {DataType.PRODUCTS: (DataType.CATEGORIES, DataType.BRANDS)}
    manual_webhooks = True
    # Whatever an event that got lost was about.
    schedules = dict.fromkeys(imports, ("1d", ""))

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        return [event_reference for event_reference in parse_event(payload) if event_reference.data_type in cls.imports]

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """`changed_since` may be passed over by the system: what is unchanged then falls out by its content."""
        query: dict[str, Any] = {"limit": PAGE_SIZE}
        if cursor:
            query["after"] = cursor["after"]
        if since is not None:
            query["changed_since"] = since.astimezone(UTC).isoformat()
        answer = self._list(data_type, **query)
        following = {"after": answer["next"]} if answer["next"] is not None else None
        return Page([record(data_type, each) for each in answer["items"]], following)

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        return [record(data_type, each) for each in self._find(data_type, external_ids)]


def _results(answer: Response, count: int, call: str) -> list[Any]:
    match answer.json():
        case {"results": list(results)} if len(results) == count:
            return results
    raise TryAgainLater(f"{call} answered without one result for each of {count} objects.")


def _outcome(key: str, result: Any) -> Outcome:
    if isinstance(result, dict) and result.get("status") == "ok":
        return Outcome(external_id=key)
    errors = result.get("errors") if isinstance(result, dict) else None
    messages = [str(each.get("message")) for each in errors or () if isinstance(each, dict) and each.get("message")]
    return Outcome(
        external_id=key,
        error=SkipRecord(
            "; ".join(messages) or "The system refuses it without saying why.",
            code="refused",
            fix="Correct the item where it comes from; it is sent again as soon as it changes.",
        ),
    )


def _unsupported_endpoint(path: str, refused: Refused) -> NeedsAttention:
    return NeedsAttention(
        f"The system does not serve {path} ({refused.status}).",
        fix="Correct the connection's address, or let the system serve this kind as docs/platforms/rest.md says.",
    )
