"""Addresses of customers and orders of a custom shop."""

from typing import Literal

from connectors.sdk.api_model import ApiModel
from connectors.sdk.records import AddressRecord


class ApiAddress(ApiModel):
    key: str = ""
    use: Literal["billing", "shipping", "other"] = "other"
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""

    def record(self) -> AddressRecord:
        return AddressRecord(external_id=self.key, **self.model_dump(exclude={"key"}))
