"""Contracts: what a vendor's API accepts and answers, as OpenAPI 3.1 in `<platform>.yaml`, in our own words.

Every operation has `x-source` (the page that says so) and `x-strength`: how far it can be trusted. Rules that OpenAPI
cannot express are `x-rate-limit`, `x-paging` and `x-query-pattern` (names of query parameters that are computed).
`contract_of` reads a contract; the sandbox validates requests and answers by it, and `docs/contracts.md` is generated
from it.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.contracts.contract import Contract

FOLDER = Path(__file__).parent
# The C implementation is five times as fast, and every sandbox process reads a contract.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
STRENGTHS = ("documented", "seen in code", "seen on a server", "assumed")


def platforms() -> list[str]:
    """The platforms that have a contract."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def document_of(platform: str) -> dict[str, Any]:
    """The OpenAPI document of a platform. Raises FileNotFoundError if it has none."""
    document: dict[str, Any] = yaml.load((FOLDER / f"{platform}.yaml").read_text(), Loader=LOADER)  # noqa: S506 - safe
    return document


@cache
def contract_of(platform: str) -> Contract:
    """The contract of a platform, ready to validate. Raises FileNotFoundError if it has none."""
    return Contract(document_of(platform))
