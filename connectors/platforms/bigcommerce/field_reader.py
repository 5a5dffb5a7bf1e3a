"""Reads one item of the vendor's JSON field by field, and collects the problems found."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from common.storable import without_nul
from connectors.sdk import field_reader
from connectors.sdk.api_model import utc


class FieldReader(field_reader.FieldReader):
    """An object of the vendor's JSON, with numbers as IDs and the times of both of its APIs."""

    def label(self, *names: str) -> str:
        """The item's name in issues: the first of these fields that has a value. Reports and raises nothing."""
        texts = (without_nul(value) for name in names if isinstance(value := self.raw.get(name), str))
        return next(filter(None, texts), "")

    def key(self, name: str) -> str:
        """An ID as text; empty for null and for 0, which the vendor uses for "none"."""
        return str(self.integer(name) or "")

    @staticmethod
    def parse_time(text: str) -> datetime:
        """A time in UTC, from ISO 8601 (V3) or RFC 2822 (V2); without a zone it is UTC. ValueError otherwise."""
        # A V2 time contains a comma, which ISO 8601 does not; a weekday may contain a T.
        return utc(parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text))


def mapped_value(raw: dict[str, Any], path: str) -> Any:
    """The value at a path of a connection's field map (S5): `retail_price`, or `custom_fields.Restock date`.

    The part after the dot is the name of an entry in a list of `{"name", "value"}`, or a key of an object. None if the
    value does not exist or the path is empty.
    """
    head, _, rest = path.partition(".")
    value = raw.get(head)
    if not rest:
        return value
    if isinstance(value, dict):
        return mapped_value(value, rest)
    if isinstance(value, list):
        return next((each.get("value") for each in value if isinstance(each, dict) and each.get("name") == rest), None)
    return None
