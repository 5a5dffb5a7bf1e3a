"""Webhooks of platforms: events about items, and receipts for queued requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.account import Account
from hub.kinds import DataType

ClientT = TypeVar("ClientT")

MAX_BODY = 256 * 1024
# Exceptions for a body in an unexpected format. The text is shown, so it must not contain values from the body.
PAYLOAD_ERRORS = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class EventReference:
    """An item that an event names and that has to be fetched. The content of events is never trusted."""

    data_type: DataType
    external_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result that a target reports later for one queued variant (`errors.Queued`).

    The variant is identified by its SKU, as vendors do; a failure without one is shown to people. `external_id` is its
    ID at the target and `product_id` that of its product; `error` is the target's reason if it rejected the variant.
    `data_type` and `requested_at` (UTC) are those of the original request.
    """

    data_type: DataType
    requested_at: datetime
    sku: str
    external_id: str = ""
    product_id: str = ""
    error: str = ""


class PrivacyAction(StrEnum):
    """What a platform asks to do with personal data."""

    EXPORT = "export"
    ERASE = "erase"
    # Of all customers of an account.
    ERASE_ALL = "erase_all"


@dataclass(frozen=True, slots=True)
class PrivacyEvent:
    """What a platform asks to do with whose personal data: the IDs of the customer and of orders there, and the
    customer's email address. Each may be empty."""

    action: PrivacyAction
    customer_id: str = ""
    order_ids: tuple[str, ...] = ()
    email: str = ""


class Webhooks(Generic[ClientT]):
    """Verifies, parses and registers a platform's webhooks; `Adapter.webhooks` is a subclass.

    `registers`: whether the platform lets us register webhooks; `configured_manually`: whether a person has to enter
    our URL and secret on the platform.
    """

    registers: ClassVar[bool] = False
    configured_manually: ClassVar[bool] = False
    # The names (`WebhookEvent.scope`) of the events that `privacy_event_of` reads, and how long after their receipt the
    # platform wants them to be carried out.
    privacy_events: ClassVar[frozenset[str]] = frozenset()
    privacy_term: ClassVar[timedelta] = timedelta(days=30)
    # The largest body of a call, in bytes. Platforms that send whole items need more.
    max_body: ClassVar[int] = MAX_BODY

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        """Scheme (connectors.webhooks.schemes) → secret that verifies calls. `own` is the secret that we created for
        the connection."""
        return {"hmac": own, "header": own}

    @classmethod
    def is_ping(cls, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a call only tests our address. It is answered with 200 and not stored, whoever sent it."""
        return False

    @classmethod
    def event_of(cls, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """What is stored of a verified call, and read by `read_event`: its body, unless the platform names the event in
        its headers, or sends more than is needed to find the item. Raises one of `PAYLOAD_ERRORS`."""
        return payload

    @classmethod
    def is_of(cls, base_url: str, event: dict[str, Any]) -> bool:
        """Whether a verified event is about the account at this address: others may share its secret. Events about
        others are not stored."""
        return True

    @classmethod
    def account_url_of(cls, event: dict[str, Any]) -> str:
        """The address of the account that a verified event is about, if it may arrive at the address of another
        connection; each of that account's connections then stores it whose secret verifies the call as well."""
        return ""

    @classmethod
    def privacy_event_of(cls, event: dict[str, Any]) -> PrivacyEvent | None:
        """What the platform asks to do with personal data; None if the event is another one. Raises one of
        `PAYLOAD_ERRORS`."""
        return None

    @classmethod
    def notice_of(cls, event: dict[str, Any]) -> str:
        """What operators are told of a verified event, because only they can do it; empty if nothing. Without personal
        data; also of events about other accounts. Raises one of `PAYLOAD_ERRORS`."""
        return ""

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        """The items that an event names, all of one data type; empty if none of them is synced.

        Raises one of `PAYLOAD_ERRORS` if the event has an unexpected format.
        """
        return []

    @classmethod
    def read_receipts(cls, payload: dict[str, Any]) -> list[Receipt]:
        """The results that the platform reports for a queued request; empty if the event is something else.

        Raises one of `PAYLOAD_ERRORS` if it is malformed. Receipts may arrive twice, late, or never.
        """
        return []

    def register(self, destination: str, headers: Mapping[str, str]) -> int:
        """Register webhooks for all synced events, sent to `destination` with `headers`: create missing ones, renew
        deactivated ones, remove duplicates. Returns how many were created or renewed.

        Only called if `registers` is set.
        """
        raise NotImplementedError

    def remove(self, destination: str) -> int:
        """Remove the webhooks that send to `destination`; returns how many there were. Must be safe to repeat.

        Only called if `registers` is set.
        """
        raise NotImplementedError
