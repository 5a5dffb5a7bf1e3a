"""The worked examples of docs/orders.md: what is ordered, and what shop and targets compute."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "orders.md"
_EXAMPLE = re.compile(r"^#### (?P<shop>[^:\n]+): (?P<title>.+)\n(?P<body>(?:(?!^##).*\n)*)", re.MULTILINE)

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Example:
    """`rows` are those of the order, `wanted`: who → what → number."""

    shop: str
    title: str
    rows: Rows
    wanted: dict[str, dict[str, str]]

    def rate(self, *kinds: str) -> str:
        """The tax rate of the first row of these kinds."""
        return next((row["tax rate"] for row in self.rows if row["row"] in kinds and row["tax rate"]), "0")

    def order(self, skus: list[str]) -> dict[str, Any]:
        """The order as `sandbox.order_parts` takes it. Products and parts have these SKUs, in order."""
        names = iter(skus)
        order: dict[str, Any] = {"lines": [], "charges": []}
        for row in self.rows:
            price, rate = row["price"] or "0", row["tax rate"] or "0"
            match row["row"]:
                case "product":
                    line = {"sku": next(names), "quantity": int(row["quantity"]), "price": price, "tax_rate": rate}
                    order["lines"].append(line)
                case "bundle":
                    bundle = {"kind": "set", "sku": "SET-DYNAMIC-PARTS", "parts": [], "tax_rate": rate}
                    order["lines"].append(bundle | {"quantity": int(row["quantity"])})
                case "part":
                    part = {"sku": next(names), "quantity": int(row["quantity"]), "price": price}
                    order["lines"][-1]["parts"].append(part)
                case "shipping" | "handling" | "fee" as kind:
                    order["charges"].append({"kind": kind, "amount": price, "tax_rate": rate})
                case "coupon":
                    order |= {"coupon": price, "coupon_code": "TEN"}
        return order

    @property
    def refunded(self) -> int:
        """Pieces of the first line that are refunded before anything is shipped."""
        return sum(int(row["quantity"]) for row in self.rows if row["row"] == "refund")


def examples() -> list[Example]:
    found = []
    for match in _EXAMPLE.finditer(PAGE.read_text()):
        rows, outcomes = (_table(text) for text in re.findall(r"(?:^\|.*\n)+", match["body"], re.MULTILINE))
        names = [name for name in outcomes[0] if name]
        wanted = {name: {row[""]: row[name] for row in outcomes} for name in names}
        found.append(Example(match["shop"], match["title"].strip(), rows, wanted))
    return found


def _table(text: str) -> Rows:
    head, _, *body = ([cell.strip() for cell in line.strip()[1:-1].split("|")] for line in text.splitlines())
    return [dict(zip(head, cells, strict=True)) for cells in body]
