"""The report of a copy for people: the journal's JSON, arranged in the order of an auditor's questions (N4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from staging_copy.copier import STAGES
from staging_copy.models import Copy

KIND_NAMES = {"seller": "sellers", "product": "products", "brand": "brands", "category": "categories"}
# On a page; the JSON has them all.
MAX_ROWS = 200


@dataclass
class Listing:
    """Rows to be shown, of how many, under which heading."""

    title: str
    why: str
    total: int
    rows: list[dict[str, Any]]
    columns: list[str]

    @property
    def lines(self) -> list[list[Any]]:
        return [[row.get(column, "") for column in self.columns] for row in self.rows]

    @property
    def headings(self) -> list[str]:
        return [column.replace("_", " ") for column in self.columns]


_LISTINGS = (
    (
        "deleted_sellers",
        "Sellers deleted on staging",
        "The staging shop does not have them (L12). Their products take no part in any sync on staging (L13).",
    ),
    ("deleted_products", "Products deleted on staging", "The staging shop does not have them (L11)."),
    ("kept_by_answer", "Missing in the shop, and kept", "A person answered no when the check asked."),
    (
        "contradicted",
        "Contradicted",
        "The shop said that it does not have them, and lists them all the same. Nothing was concluded; check again.",
    ),
    (
        "only_in_shop",
        "Only the shop has these",
        "Its backup is newer or older than it should be: take one slightly later than ours (L15).",
    ),
    (
        "missing_but_only_reported",
        "Brands and categories that the shop does not have",
        "They are reported and stay as they are (L9).",
    ),
)


def template_context(copy: Copy) -> dict[str, Any]:
    """What the page and its printed form show; parts that the copy did not come to are empty."""
    report = copy.report or {}
    check = report.get("check") or {}
    tables = report.get("tables", [])
    return {
        "copy": copy,
        "backup": report.get("backup") or {},
        "advice": report.get("advice") or {},
        "backup_taken": _parse_datetime(report.get("backup", {}).get("taken_at")),
        "others_from": _parse_datetime(report.get("advice", {}).get("shop_and_oms_backups_from")),
        "stages": report.get("stages", []),
        "seconds": sum(seconds for _, seconds in report.get("stages", [])),
        "swap_seconds": report.get("swap_seconds"),
        "tables": [table | {"changed": changed(table)} for table in tables],
        "rows": sum(table["rows_on_staging"] for table in tables),
        "leaks": report.get("leaks") or {},
        "own_rows": [own for own in report.get("own_rows", []) if any((own["updated"], own["added"], own["left_out"]))],
        "like_live": report.get("paused_because_like_live", []),
        "highest_ids": report.get("highest_ids", {}),
        "check": check,
        "asked": [
            {"shop": shop["shop"], "kind": KIND_NAMES.get(kind, kind), **tally}
            for shop in check.get("shops", [])
            for kind, tally in shop["kinds"].items()
        ],
        "listings": [
            Listing(title, why, found["total"], found["shown"][:MAX_ROWS], list(found["shown"][0]))
            for name, title, why in _LISTINGS
            if (found := check.get(name)) and found["total"]
        ],
        "guard_percent": settings.STAGING_COPY_GUARD_PERCENT,
        "guard_items": settings.STAGING_COPY_GUARD_ITEMS,
    }


def steps(copy: Copy) -> list[dict[str, str]]:
    """The stages in their order, each with how it stands: done, now, failed, or nothing yet."""
    order = [*STAGES, "check"]
    at = order.index(copy.stage) if copy.stage in order else -1
    found = []
    for number, stage in enumerate(order):
        state = "done" if number < at else ""
        if number == at:
            state = {
                Copy.State.RUNNING: "now",
                Copy.State.CHECKING: "now",
                Copy.State.ASKING: "asks",
                Copy.State.FAILED: "failed",
                Copy.State.UNCHECKED: "failed",
                Copy.State.CANCELLED: "failed",
            }.get(Copy.State(copy.state), "done")
        found.append({"name": stage, "state": state})
    return found


def changed(table: dict[str, Any]) -> str:
    """The rules of a table but for what is kept, in words."""
    if table["fate"] == "empty":
        return "emptied"
    if table["fate"] != "copy":
        return "staging's own"
    rules = table["rules"]
    return ", ".join(
        f"{column}: {rule if isinstance(rule, str) else 'by path'}"
        for column, rule in rules.items()
        if rule not in ("keep", "keep:tree")
    )


def _parse_datetime(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
