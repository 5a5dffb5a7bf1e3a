"""Brands, matched by name; the vendor accepts one per call."""

from collections import defaultdict
from collections.abc import Sequence

from catalog.items import BrandItem
from connectors.platforms.bigcommerce.client import BRANDS, Row, TargetClient
from connectors.platforms.bigcommerce.error_messages import partial_error, rejection_error, removal_outcome
from connectors.platforms.bigcommerce.listings import BrandListing
from connectors.platforms.bigcommerce.targets.base import StoreTarget, split
from connectors.platforms.bigcommerce.values import URL_LENGTH, check_name
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import numeric_ids
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth
from hub.kinds import DataType

NAME_LENGTH = 255


class BrandTarget(StoreTarget[BrandItem], BrandListing[TargetClient]):
    data_type = DataType.BRANDS
    batch_size = 25
    comparable = ComparisonDepth.PRESENCE

    def payload(self, item: BrandItem, refs: References) -> Row | None:
        if item.status != "live":
            return None
        check_name(item.name, NAME_LENGTH)
        image = {"image_url": item.image_url} if 0 < len(item.image_url) <= URL_LENGTH else {}
        return {"name": item.name, **image}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """Link brands that exist with the same name (B5), create missing ones, update those that differ. Uses one
        listing for all."""
        written, removed = split(operations)
        if self.client.settings.on_removal == "delete":
            for number in numeric_ids(operation.external_id for _, operation in removed):
                self._delete(number)
        outcomes = {position: removal_outcome(operation) for position, operation in removed}
        if written:
            store = _StoreBrands(self.client)
            outcomes |= {position: _sync(store, operation) for position, operation in written}
        return [outcomes[position] for position in range(len(operations))]

    def _delete(self, number: int) -> None:
        """Several brands can only be deleted by name. A brand that no longer exists is not an error."""
        try:
            self.client.call("DELETE", f"{BRANDS}/{number}")
        except RequestRejected as error:
            if error.status != 404:
                raise


def _sync(store: "_StoreBrands", operation: Operation[Row]) -> Outcome:
    try:
        return store.sync(operation)
    except RequestRejected as rejection:
        return Outcome(error=rejection_error(rejection))
    except SkipRecord as error:
        return Outcome(error=error)


class _StoreBrands:
    """The store's brands at the start of a batch."""

    def __init__(self, client: TargetClient) -> None:
        self._client = client
        self._by_id: dict[int, Row] = {
            row["id"]: row for row in client.fetch_all(BRANDS, include_fields="name,image_url")
        }
        self._by_name: dict[str, list[Row]] = defaultdict(list)
        for row in self._by_id.values():
            self._by_name[row["name"].casefold()].append(row)
        self._linked: set[int] = set()

    def sync(self, operation: Operation[Row]) -> Outcome:
        """Create or update the brand."""
        payload = operation.content
        linked = whole_number(operation.external_id) or 0
        row = self._by_id.get(linked) or self._match_by_name(payload["name"])
        outcome = self._create(payload) if row is None else self._update(row, payload, operation.previous)
        self._linked.add(int(outcome.external_id))
        return outcome

    def _match_by_name(self, name: str) -> Row | None:
        """The brand with this name, ignoring case if that is unambiguous. A match is never guessed (B5)."""
        candidates = self._by_name[name.casefold()]
        exact = [row for row in candidates if row["name"] == name]
        if len(exact) == 1 or len(candidates) <= 1:
            return next(iter(exact or candidates), None)
        ids = ", ".join(str(row["id"]) for row in candidates)
        raise SkipRecord(issues.AMBIGUOUS_NAME(name=name, ids=ids))

    def _update(self, row: Row, payload: Row, previous: Row | None) -> Outcome:
        if row["id"] in self._linked:
            raise SkipRecord(issues.ALREADY_LINKED(name=payload["name"], external_id=row["id"]))
        outcome = Outcome(external_id=str(row["id"]))
        differing = {name: value for name, value in payload.items() if value != row.get(name)}
        # The store returns a URL of its own copy of the image.
        if previous and previous.get("image_url") == payload.get("image_url"):
            differing.pop("image_url", None)
        if differing:
            outcome.error = partial_error(self._client.call("PUT", f"{BRANDS}/{row['id']}", body=differing))
        return outcome

    def _create(self, payload: Row) -> Outcome:
        response = self._client.call("POST", BRANDS, body=payload)
        match response.json():
            # A brand that was saved in part is answered as a list.
            case {"data": {"id": int(brand_id)}} | {"data": [{"id": int(brand_id)}]}:
                return Outcome(external_id=str(brand_id), error=partial_error(response))
        raise TryAgainLater("The store did not say which brand it created.")
