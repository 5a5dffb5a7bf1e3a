"""The operations that the engine passes to a target, and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from connectors.sdk.records import Problem
from hub.kinds import Kind

PayloadT = TypeVar("PayloadT")


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclass(slots=True)
class Operation(Generic[PayloadT]):
    """One item to write. `external_id` is empty for a create; `payload` is None for a remove only.

    A remove may have no `external_id` either: a create of the item was not answered, so it may exist under an ID that
    we do not know. Look it up by our own key; if it is not found, that counts as success.

    `previous` is the payload last sent, for targets that accept differences; `attempts` counts failed attempts;
    `queued_at` (UTC) is when the target queued it (`errors.Queued`), while its result is unknown, and `receipt_id` is
    the target's ID of that request.
    """

    action: Action
    item_id: int
    external_id: str
    payload: PayloadT | None
    previous: PayloadT | None = None
    attempts: int = 0
    queued_at: datetime | None = None
    receipt_id: str = ""

    @property
    def content(self) -> PayloadT:
        """The payload of a create or an update."""
        if self.payload is None:
            raise TypeError(f"An operation that {self.action}s has no payload.")
        return self.payload


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTotals:
    """What a target computed for an order, beside what it was expected to compute (M4). Amounts with tax.

    A difference greater than `tolerance` becomes an issue. `tax` None: the target does not tell it.
    """

    currency: str
    expected_total: Decimal
    expected_tax: Decimal
    total: Decimal
    tax: Decimal | None = None
    tolerance: Decimal


@dataclass(slots=True)
class Outcome:
    """The outcome of one operation.

    `error` is None if it succeeded. `links` are further IDs from the target: (kind, our ID) → external ID. `warnings`
    are problems that did not prevent it; they are shown as issues. `totals` are stored with an order.
    """

    external_id: str = ""
    error: Exception | None = None
    links: dict[tuple[str, int], str] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    totals: TargetTotals | None = None


class References:
    """External IDs of the items that a payload refers to.

    `refs.get(Kind.CATEGORY, 17)` is the ID at the target. For adapters with `uses_shop_ids`,
    `refs.at_shop(Kind.PRODUCT, 5)` is the ID in the seller's shop, also for the item itself.
    """

    def __init__(
        self, links: Mapping[tuple[str, int], str], at_shop: Mapping[tuple[str, int], str] | None = None
    ) -> None:
        self._links = links
        self._at_shop = at_shop or {}

    def get(self, kind: Kind, item_id: int | None) -> str | None:
        return None if item_id is None else self._links.get((kind, item_id))

    def at_shop(self, kind: Kind, item_id: int | None) -> str | None:
        return None if item_id is None else self._at_shop.get((kind, item_id))

    def shop_or_own_id(self, kind: Kind, item_id: int) -> str:
        """The shop's ID; for an item that the shop does not have, our ID with a prefix that makes it unique."""
        return self.at_shop(kind, item_id) or f"synccenter-{item_id}"
