"""Categories in the tree of one storefront, matched by path."""

from collections.abc import Sequence

from catalog.items import CategoryItem
from connectors.platforms.bigcommerce.client import Row, TargetClient
from connectors.platforms.bigcommerce.error_messages import removal_outcome
from connectors.platforms.bigcommerce.listings import CategoryListing
from connectors.platforms.bigcommerce.targets.base import StoreTarget, split
from connectors.platforms.bigcommerce.targets.category_tree import CategoryTree
from connectors.platforms.bigcommerce.values import check_name
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import numeric_ids
from connectors.sdk.streams import ComparisonDepth
from hub.kinds import DataType

NAME_LENGTH = 50
MAX_DEPTH = 8


class CategoryTarget(StoreTarget[CategoryItem], CategoryListing[TargetClient]):
    data_type = DataType.CATEGORIES
    # Sent fifty per call, after the whole tree has been read.
    batch_size = 250
    comparable = ComparisonDepth.PRESENCE

    def payload(self, item: CategoryItem, refs: References) -> Row | None:
        """Contains the names of all ancestors, which are needed to find and create the category."""
        if item.status != "live":
            return None
        for name in item.names:
            check_name(name, NAME_LENGTH)
        if len(item.names) > MAX_DEPTH:
            raise SkipRecord(issues.CATEGORY_TOO_DEEP(depth=len(item.names), limit=MAX_DEPTH))
        return {"path": item.names, "sort_order": item.position, "is_visible": item.visible}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """Link categories that exist at the same path (B5), create missing ones with their ancestors, update the
        others."""
        tree = CategoryTree(self.client)
        written, removed = split(operations)
        tree.predict_paths([operation for _, operation in written])
        outcomes: dict[int, Outcome] = {}
        found: dict[int, int | None] = {}
        for position, operation in written:
            try:
                number = tree.find(operation)
                if number is not None and number in found.values():
                    name = " / ".join(operation.content["path"])
                    raise SkipRecord(issues.ALREADY_LINKED(name=name, external_id=number))
                found[position] = number
            except SkipRecord as error:
                outcomes[position] = Outcome(error=error)
        tree.create_missing([operations[position] for position in found])
        bodies: dict[int, Row] = {}
        for position, number in found.items():
            payload = operations[position].content
            try:
                if number is None:
                    outcomes[position] = Outcome(external_id=str(tree.id_at(tuple(payload["path"]))))
                else:
                    bodies[position] = tree.body(payload) | {"category_id": number}
            except SkipRecord as error:
                outcomes[position] = Outcome(error=error)
        outcomes |= tree.change(bodies)
        tree.remove(numeric_ids(operation.external_id for _, operation in removed))
        outcomes |= {position: removal_outcome(operation) for position, operation in removed}
        return [outcomes[position] for position in range(len(operations))]
