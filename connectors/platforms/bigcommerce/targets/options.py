"""The options of one product and their values, which new variants name by ID."""

from collections.abc import Sequence
from functools import cached_property

from connectors.platforms.bigcommerce.client import PRODUCTS, Row, TargetClient
from connectors.sdk.errors import TryAgainLater

# What the vendor chooses for options that are created together with their product.
DISPLAY_TYPE = "rectangles"


class ProductOptions:
    """Options are read only if a variant has to be created."""

    def __init__(self, client: TargetClient, product_id: int) -> None:
        self._client = client
        self._path = f"{PRODUCTS}/{product_id}/options"

    @cached_property
    def _by_name(self) -> dict[str, Row]:
        return {row["display_name"]: row for row in self._client.fetch_all(self._path)}

    def create_missing(self, variants: Sequence[Row]) -> None:
        """Create the options and values that these variants of a payload need: one call for an option with all its
        values, and one for each new value of an option that exists."""
        wanted: dict[str, dict[str, None]] = {}
        for each in (option for variant in variants for option in variant["options"]):
            wanted.setdefault(each["name"], {})[each["value"]] = None
        for name, labels in wanted.items():
            if (option := self._by_name.get(name)) is None:
                values = [{"label": label, "sort_order": place} for place, label in enumerate(labels)]
                body: Row = {"display_name": name, "type": DISPLAY_TYPE, "option_values": values}
                self._by_name[name] = self._post(self._path, body)
                continue
            values = option["option_values"]
            for label in labels:
                if all(each["label"] != label for each in values):
                    new = {"label": label, "sort_order": len(values)}
                    values.append(self._post(f"{self._path}/{option['id']}/values", new))

    def values(self, variant: Row) -> list[Row]:
        """The IDs of a variant's option values."""
        return [
            {"option_id": option["id"], "id": value["id"]}
            for each in variant["options"]
            for option in [self._by_name[each["name"]]]
            for value in option["option_values"]
            if value["label"] == each["value"]
        ]

    def _post(self, path: str, body: Row) -> Row:
        match self._client.call("POST", path, body=body).json():
            case {"data": {"id": int()} as row}:
                return row
        raise TryAgainLater("The store did not say which option it created.")
