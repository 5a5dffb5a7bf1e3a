"""What platforms tell by themselves: events about items, and receipts for what they had queued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.account import Account
from hub.kinds import DataType

ClientT = TypeVar("ClientT")

# What reading a body raises that is not what the platform sends. The text is shown, so it holds no value of the body.
PAYLOAD_ERRORS = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class EventReference:
    """What an event is about: one item of the platform, to be fetched. The content of events is never trusted."""

    data_type: DataType
    external_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target reports later about one variant that it took into its queue (`errors.Queued`).

    The variant is named by its SKU, as vendors do. `external_id` is its ID there and `product_id` its product's;
    `error` is the target's reason if it refused. `data_type` and `requested_at` (UTC) are those of the request that it
    answers.
    """

    data_type: DataType
    requested_at: datetime
    sku: str
    external_id: str = ""
    product_id: str = ""
    error: str = ""


class Webhooks(Generic[ClientT]):
    """How a platform's calls are trusted, read and registered; `Adapter.webhooks` names a subclass.

    `registers`: whether the platform lets us register webhooks; `configured_by_hand`: whether a person enters our
    address and the secret that we made there.
    """

    registers: ClassVar[bool] = False
    configured_by_hand: ClassVar[bool] = False

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        """Scheme (connectors.webhooks.schemes) → secret by which calls are trusted. `own` is the secret that we made
        for this connection."""
        return {"hmac": own, "header": own}

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        """The items that an event is about, all of one data type; empty if it is about nothing that is synced.

        Raises one of `PAYLOAD_ERRORS` if it is not what the platform sends.
        """
        return []

    @classmethod
    def read_receipts(cls, payload: dict[str, Any]) -> list[Receipt]:
        """What the platform reports about a request that it had queued; empty if the event is something else.

        Raises one of `PAYLOAD_ERRORS` if it is malformed. Receipts may come twice, late, or never.
        """
        return []

    def register(self, destination: str, headers: Mapping[str, str]) -> int:
        """Make the platform send every event that is synced to `destination`, with `headers`: create what is missing,
        renew what it deactivated, remove duplicates. Returns how many webhooks were created or renewed.

        Only called where `registers` is set.
        """
        raise NotImplementedError

    def remove(self, destination: str) -> int:
        """Remove the webhooks that send to `destination`; returns how many there were. Safe to repeat.

        Only called where `registers` is set.
        """
        raise NotImplementedError
