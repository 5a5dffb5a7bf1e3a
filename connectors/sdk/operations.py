"""What the engine asks a target to write, and what the target answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
    """One item to be written. `external_id` is empty for a create; `payload` is None for a remove only.

    A remove may come without `external_id` too: a create of the item was not answered, so it may exist under an ID
    that is unknown here. Look for it by our own key, and treat its absence as success.

    `previous` is the payload last sent, for targets that take differences; `attempts` counts the tries that failed;
    `queued_at` (UTC) is when the target took it into its queue (`errors.Queued`), as long as its outcome is unknown,
    and `receipt_id` what the target called that request.
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


@dataclass(slots=True)
class Outcome:
    """What became of one operation.

    `error` is None if it succeeded. `links` are further IDs that the target gave: (kind, our ID) → external ID.
    `warnings` are problems that did not stop it; people read them as issues.
    """

    external_id: str = ""
    error: Exception | None = None
    links: dict[tuple[str, int], str] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)


class References:
    """External IDs of the items that a payload refers to.

    At the target by `refs.get(Kind.CATEGORY, 17)`; in the seller's shop by `refs.at_shop(Kind.PRODUCT, 5)`, which
    covers the item itself as well, for adapters with `uses_shop_ids`.
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
        """The shop's ID; for an item that the shop does not have, an ID of ours that cannot be mistaken for another."""
        return self.at_shop(kind, item_id) or f"synccenter-{item_id}"
