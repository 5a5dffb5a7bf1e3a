"""The catalog of all issue types: code, severity, title, message, fix and documentation page.

Adapters and the engine name a type and its values; the texts are filled in when the issue is stored. `docs/issues.md`
lists them all.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from hub.records import Problem
from synclog.issue_catalog import general, orders, products
from synclog.issue_catalog.types import IssueType

__all__ = ["ISSUE_TYPES", "IssueType", "issue_type", "render"]

ISSUE_TYPES: dict[str, IssueType] = {
    value.code: value
    for module in (products, orders, general)
    for value in vars(module).values()
    if isinstance(value, IssueType)
}


def issue_type(code: str) -> IssueType | None:
    """The type of a stored code; None for a code that a platform reported through the API."""
    return ISSUE_TYPES.get(code)


def render(problem: Problem, *, platform: str, source: str = "") -> tuple[str, str]:
    """(message, fix) of a problem. `source` is where the item is edited; empty: unknown."""
    known = ISSUE_TYPES[problem.code]
    values: Mapping[str, Any] = {"platform": platform, "source": source or _("the source system"), **problem.values}
    return known.render_message(values), known.render_fix(values)
