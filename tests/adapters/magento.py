"""Helpers for tests with Magento's sandbox."""

from typing import Any

from sandbox.process import SandboxProcess


def change(shop: SandboxProcess, kind: str, number: int, **changes: Any) -> dict[str, Any]:
    """Change a row, as a user of the admin panel would."""
    row: dict[str, Any] = shop.control(
        "PATCH", "row", json={"account": "alpha", "kind": kind, "id": number, "changes": changes}
    )
    return row


def place_order(shop: SandboxProcess, *lines: tuple[int, int], stage: str = "paid") -> dict[str, Any]:
    """Place an order for the products at these positions of the list of sold products, with these quantities."""
    row: dict[str, Any] = shop.control("POST", "order", json={"account": "alpha", "lines": lines, "stage": stage})
    return row


def freeze_clock(shop: SandboxProcess, at: str | None) -> None:
    shop.control("POST", "setting", json={"account": "alpha", "at": at})


def first_variant_position(shop: SandboxProcess) -> int:
    """The position, in the list of sold products, of the first variant of a configurable product."""
    sold = [row for row in shop.state("goods") if row["type_id"] == "simple"]
    return next(place_order for place_order, row in enumerate(sold) if row["visibility"] == 1)
