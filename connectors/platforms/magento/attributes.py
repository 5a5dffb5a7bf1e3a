"""Product attributes: their codes, IDs and options."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.platforms.magento.values import text
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.errors import TryAgainLater

if TYPE_CHECKING:
    from connectors.platforms.magento.client import MagentoClient

PATH = "/products/attributes"


class Attribute(NamedTuple):
    """`options`: value → label. `own` are those created by the shop's users, as opposed to the vendor's.

    `label` is that of the connection's store view. `name` is what the attribute is called in the hub: its label, with
    the code if several attributes have this label.
    """

    id: str
    code: str
    label: str
    default_label: str
    own: bool
    options: dict[str, str]
    name: str

    def display_value(self, value: Any) -> str | list[str]:
        """A product's value with labels instead of option IDs; a multiselect value is a list."""
        if not self.options:
            return text(value)
        chosen = value if isinstance(value, list) else str(value).split(",")
        labels = [self.options.get(str(each), str(each)) for each in chosen]
        return labels[0] if len(labels) == 1 else labels

    def value_of(self, label: str) -> str:
        """The value of the option with this label, ignoring case; empty if there is none."""
        return next((value for value, known in self.options.items() if known.lower() == label.lower()), "")


class Attributes:
    """The attributes of one shop, fetched once."""

    def __init__(self, client: "MagentoClient[Any, Any]") -> None:
        self.client = client

    def __getitem__(self, code: str) -> Attribute | None:
        return self._by_code.get(code)

    def find_by_label(self, name: str) -> Attribute | None:
        """The attribute with this name, label or code, ignoring case."""
        wanted = name.lower()
        by_name = (each for each in self._all if each.name.lower() == wanted)
        return next(by_name, None) or next(
            (each for each in self._all if wanted in (each.label.lower(), each.default_label.lower(), each.code)), None
        )

    def find_by_id(self, attribute_id: str) -> Attribute | None:
        return self._by_id.get(attribute_id)

    def read_options(self, code: str) -> dict[str, str]:
        """Value → label of one attribute, fetched again; empty if the attribute does not exist."""
        rows = self.client.fetch_by_values(PATH, "attribute_code", [code])
        return _parse(rows[0], self.client.websites.own_store).options if rows else {}

    @cached_property
    def _all(self) -> Sequence[Attribute]:
        rows = self.client.fetch_all(PATH, sort=("attribute_id",))
        found = [_parse(row, self.client.websites.own_store) for row in rows]
        # Only attributes of the shop's users appear under their labels.
        shared = Counter(each.label.lower() for each in found if each.own)
        return [
            each._replace(name=f"{each.label} ({each.code})") if each.own and shared[each.label.lower()] > 1 else each
            for each in found
        ]

    @cached_property
    def _by_code(self) -> dict[str, Attribute]:
        return {each.code: each for each in self._all}

    @cached_property
    def _by_id(self) -> dict[str, Attribute]:
        return {each.id: each for each in self._all}


def _parse(row: Any, store_id: int) -> Attribute:
    match row:
        case {"attribute_id": given_id, "attribute_code": str(code)} if (number := whole_number(given_id)) is not None:
            given = row.get("options") or ()
            if not isinstance(given, list | tuple) or not all(
                isinstance(each, dict) and "value" in each and "label" in each for each in given
            ):
                # An option that was left out would count as deleted.
                raise TryAgainLater("Magento returned an option of an attribute in an unexpected format.")
            options = {str(each["value"]): text(each["label"]) for each in given if each["value"] not in (None, "")}
            default = text(row.get("default_frontend_label")) or code
            labels = [each for each in row.get("frontend_labels") or () if isinstance(each, dict)]
            own = (text(each.get("label")) for each in labels if whole_number(each.get("store_id")) == store_id)
            label = next(filter(None, own), default)
            user_defined = bool(flag(row.get("is_user_defined")))
            return Attribute(str(number), code, label, default, user_defined, options, name=label)
    raise TryAgainLater("Magento returned an attribute in an unexpected format.")
