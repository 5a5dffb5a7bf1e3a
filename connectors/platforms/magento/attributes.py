"""Attributes of products: what their codes, numbers and options are called."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from connectors.errors import TryAgainLater
from connectors.platforms.magento.client import MagentoClient
from connectors.platforms.magento.settings import text

PATH = "/products/attributes"


class Attribute(NamedTuple):
    """`options`: value → label. `own` are those that people made, beside the vendor's."""

    code: str
    label: str
    own: bool
    options: dict[str, str]

    def shown(self, value: Any) -> str | list[str]:
        """A product's value as people read it; several chosen options are a list."""
        if not self.options:
            return text(value)
        chosen = value if isinstance(value, list) else str(value).split(",")
        labels = [self.options.get(str(each), str(each)) for each in chosen]
        return labels[0] if len(labels) == 1 else labels


class Attributes:
    """Those of one shop, asked for once."""

    def __init__(self, client: MagentoClient) -> None:
        self.client = client

    def __getitem__(self, code: str) -> Attribute | None:
        return self._by_code.get(code)

    def find_by_label(self, name: str) -> Attribute | None:
        """By its label, or its code, in any case."""
        return next((each for _, each in self._all if name.lower() in (each.label.lower(), each.code)), None)

    def attribute_id(self, code: str) -> str:
        return next(number for number, each in self._all if each.code == code)

    def find_by_id(self, number: str) -> Attribute | None:
        return self._by_id.get(number)

    def options(self, code: str) -> dict[str, str]:
        """Value → label of one attribute; nothing if there is none."""
        rows = self.client.fetch_by_values(PATH, "attribute_code", [code])
        return self._read(rows[0])[1].options if rows else {}

    @cached_property
    def _all(self) -> Sequence[tuple[str, Attribute]]:
        return [self._read(row) for row in self.client.fetch_all(PATH, sort=("attribute_id",))]

    @cached_property
    def _by_code(self) -> dict[str, Attribute]:
        return {each.code: each for _, each in self._all}

    @cached_property
    def _by_id(self) -> dict[str, Attribute]:
        return dict(self._all)

    @staticmethod
    def _read(row: Any) -> tuple[str, Attribute]:
        match row:
            case {"attribute_id": int(number), "attribute_code": str(code)}:
                options = {
                    str(each["value"]): text(each.get("label"))
                    for each in row.get("options") or ()
                    if isinstance(each, dict) and each.get("value") not in (None, "")
                }
                label = text(row.get("default_frontend_label")) or code
                return str(number), Attribute(code, label, bool(row.get("is_user_defined")), options)
        raise TryAgainLater("An attribute came in a shape that is not the vendor's.")
