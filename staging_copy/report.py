"""Prepares the report of a copy for its page and printout, from the JSON in the journal (N4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hub import links
from hub.kinds import Kind
from hub.models import Connection
from staging_copy.copying.stages import DRY_RUN_STAGES, STAGE_LABELS, STAGES
from staging_copy.models import Copy, DryRun

KIND_NAMES = {
    "seller": gettext_lazy("sellers"),
    "product": gettext_lazy("products"),
    "brand": gettext_lazy("brands"),
    "category": gettext_lazy("categories"),
}
KIND_LABELS = {"seller": gettext_lazy("Seller"), **{kind.value: kind.label for kind in Kind}}
# The maximum per list on the page; the JSON has more.
MAX_ROWS = 200


@dataclass
class Listing:
    """A list in the report: its heading and explanation, the total number of rows, and the rows to show."""

    title: str
    why: str
    total: int
    rows: list[dict[str, Any]]
    columns: list[str]

    @property
    def lines(self) -> list[list[Any]]:
        return [
            [_UNCHECKED_REASONS.get(value, value) if column == "reason" else value for column, value in row.items()]
            for row in self.rows
        ]

    @property
    def headings(self) -> list[str]:
        return [str(_COLUMN_LABELS.get(column, column)) for column in self.columns]


_COLUMN_LABELS = {
    "id": gettext_lazy("ID"),
    "kind": gettext_lazy("Type"),
    "name": gettext_lazy("Name"),
    "seller": gettext_lazy("Seller"),
    "shop": gettext_lazy("Shop"),
    "shop_id": gettext_lazy("ID in shop"),
    "slug": gettext_lazy("Slug"),
    "title": gettext_lazy("Title"),
    "reason": gettext_lazy("Reason"),
}
# Why something was not looked up (checking/unchecked.py).
_UNCHECKED_REASONS = {
    "no shop": gettext_lazy("The seller has no connection to a shop."),
    "shop not checked": gettext_lazy(
        "The seller's shop was not checked, because its connection is paused or incomplete."
    ),
    "no lookup": gettext_lazy("The platform has no lookup by ID."),
    "no id": gettext_lazy("It has no ID in the shop."),
}
# L9, L11–L13, L15.
_LISTINGS = (
    (
        "deleted_sellers",
        gettext_lazy("Sellers deleted on staging"),
        gettext_lazy("They don't exist in the staging shop. Their products are not synced on staging."),
    ),
    (
        "deleted_products",
        gettext_lazy("Products deleted on staging"),
        gettext_lazy("They don't exist in the staging shop."),
    ),
    (
        "kept_by_answer",
        gettext_lazy("Missing in the shop, kept"),
        gettext_lazy("They were kept because a user chose to keep missing items."),
    ),
    (
        "contradicted",
        gettext_lazy("Contradictory results"),
        gettext_lazy("The shop's lookup didn't find them, but the shop lists them. They were kept. Check again."),
    ),
    (
        "only_in_shop",
        gettext_lazy("Only in the shop"),
        gettext_lazy("Use a backup of the shop that is slightly later than the backup of live."),
    ),
    (
        "unchecked_sellers",
        gettext_lazy("Sellers that were not checked"),
        gettext_lazy("They are unchanged."),
    ),
    (
        "unchecked_products",
        gettext_lazy("Products that were not checked"),
        gettext_lazy("They are unchanged."),
    ),
    (
        "missing_but_only_reported",
        gettext_lazy("Brands and categories missing in the shop"),
        gettext_lazy("They are reported only and were not changed."),
    ),
)


def template_context(copy: Copy | DryRun) -> dict[str, Any]:
    """The context of the report's template. Parts that the copy did not reach are empty."""
    report = copy.report or {}
    check = report.get("check") or {}
    names = connection_names()
    tables = report.get("tables", [])
    return {
        "copy": copy,
        "is_dry_run": isinstance(copy, DryRun),
        "backup": report.get("backup") or {},
        "advice": report.get("advice") or {},
        "backup_taken": _parse_datetime(report.get("backup", {}).get("taken_at")),
        "others_from": _parse_datetime(report.get("advice", {}).get("shop_and_oms_backups_from")),
        "stages": [(STAGE_LABELS.get(stage, stage), seconds) for stage, seconds in report.get("stages", [])],
        "seconds": sum(seconds for _, seconds in report.get("stages", [])),
        "swap_seconds": report.get("swap_seconds"),
        "tables": [
            # Reports of earlier versions have no counts.
            table | {"changed": treatment(table), "changed_values": sorted(table.get("changed", {}).items())}
            for table in tables
        ],
        "definitions": report.get("definitions") or {},
        "warnings": report.get("warnings", []),
        "policy_changes": report.get("policy_changes", []),
        "rows": sum(table["rows_on_staging"] for table in tables),
        "leaks": report.get("leaks") or {},
        "own_rows": [own for own in report.get("own_rows", []) if any((own["updated"], own["added"], own["left_out"]))],
        "like_live": report.get("paused_because_like_live", []),
        "highest_ids": {_id_label(key, names): highest for key, highest in report.get("highest_ids", {}).items()},
        "check": check,
        "harmful": [
            {**each, "shop": names.get(each["shop"], each["shop"]), "kind": str(KIND_NAMES[each["kind"]])}
            for each in (check.get("guard") or {}).get("harmful", [])
        ],
        "not_asked": [
            {**each, "connection": names.get(each["connection"], each["connection"])}
            for each in check.get("not_asked", [])
        ],
        "asked": [
            {"shop": names.get(shop["shop"], shop["shop"]), "kind": str(KIND_NAMES.get(kind, kind)), **tally}
            for shop in check.get("shops", [])
            for kind, tally in shop["kinds"].items()
        ],
        "listings": [
            Listing(str(title), str(why), found["total"], _labelled(found["shown"], names), list(found["shown"][0]))
            for name, title, why in _LISTINGS
            if (found := check.get(name)) and found["total"]
        ],
        "guard_percent": settings.STAGING_COPY_GUARD_PERCENT,
        "guard_items": settings.STAGING_COPY_GUARD_ITEMS,
    }


def connection_names() -> dict[str, str]:
    """Slug → name, with the seller's, of all connections."""
    return {
        slug: f"{name} ({seller})" if seller else name
        for slug, name, seller in Connection.objects.values_list("slug", "name", "seller__name")
    }


def _labelled(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """The rows to show, with names of shops and labels of kinds."""
    labels: dict[str, dict[str, Any]] = {"shop": names, "kind": KIND_LABELS}
    return [
        {column: str(labels.get(column, {}).get(value, value)) for column, value in row.items()}
        for row in rows[:MAX_ROWS]
    ]


def _id_label(key: str, names: dict[str, str]) -> str:
    """`order line` → "Order line"; `acme-shop product` → "Acme: Product"."""
    slug, _space, kind = key.rpartition(" ")
    if slug in names:
        return f"{names[slug]}: {KIND_LABELS.get(kind) or links.link_kind_label(kind)}"
    return capfirst(key)


def policy_changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """How the rules differ between two reports, by table and column. A value is None where there is no rule."""
    old, new = _rules(before), _rules(after)
    return [
        {"name": name, "before": old.get(name), "after": new.get(name)}
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _rules(report: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for table in report.get("tables", []):
        rules[table["table"]] = table["fate"]
        rules |= {f"{table['table']}.{column}": rule for column, rule in table["rules"].items()}
    return rules


# What the state of a copy or dry run says of the stage that it is at.
_STEP_STATES: dict[str, str] = {
    Copy.State.RUNNING: "now",
    Copy.State.CHECKING: "now",
    Copy.State.ASKING: "asks",
    Copy.State.FAILED: "failed",
    Copy.State.UNCHECKED: "failed",
    Copy.State.CANCELLED: "failed",
}


def steps(copy: Copy | DryRun) -> list[dict[str, str]]:
    """The stages in order with their label and state: `done`, `now`, `asks`, `failed`, or empty if not reached."""
    order = DRY_RUN_STAGES if isinstance(copy, DryRun) else (*STAGES, "check")
    at = order.index(copy.stage) if copy.stage in order else -1
    found = []
    for number, stage in enumerate(order):
        state = "done" if number < at else ""
        if number == at:
            state = _STEP_STATES.get(copy.state, "done")
        found.append({"name": str(STAGE_LABELS[stage]), "state": state})
    return found


def treatment(table: dict[str, Any]) -> str:
    """A summary of the table's rules, without columns that are kept; empty if all are."""
    if table["fate"] == "empty":
        return _("emptied")
    if table["fate"] != "copy":
        return _("staging's own rows")
    rules = table["rules"]
    by_path = _("by path")
    return ", ".join(
        f"{column}: {rule if isinstance(rule, str) else by_path}"
        for column, rule in rules.items()
        if rule not in ("keep", "keep:tree")
    )


def _parse_datetime(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
