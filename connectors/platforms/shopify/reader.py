"""Reads one object of the Admin API field by field, and collects the problems found."""

from connectors.platforms.shopify.client import number_of
from connectors.sdk.field_reader import FieldReader, MalformedField


class Reader(FieldReader):
    """An object of an answer, with global IDs."""

    def number(self, name: str = "id") -> str:
        """The number of a global ID; empty for null. MalformedField for anything else."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if not (found := number_of(value)):
            raise MalformedField(name, value, "a global ID")
        return found
