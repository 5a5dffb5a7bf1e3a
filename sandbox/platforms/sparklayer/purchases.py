"""Purchases and the store's base currency.

`PUT /api/v1/purchases/{sparklayer|platform|internal|visible}/{identifier}` is a full replacement. An order sent to the
ID of a cart replaces the cart. The SparkLayer ID of a purchase cannot change (403). Documented: the required fields,
the fields of a line's total, of dates and of a customer's identifiers, the filters of the list, and that all
`calculated_…` fields are worked out here and must not be sent.

Assumed, because no page says so: `total_net` is after the discount that `discount_net` tells, and `total_gross` is net
and tax; `calculated_total` counts all packages with their shipping; the tax of a purchase is that of its lines, or its
`tax_lines` if no line tells its own; the names of package types (only `incoming` is printed).
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.money import ZERO
from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site
from sandbox.sales import Sales, UnknownSale, plain, sale_line

FIELDS = {
    "type", "purchase_identifiers", "customer_identifiers", "dates", "billing_address", "tax_lines", "packages",
    "accounting_files", "custom_fields", "metadata", "total_paid", "payment_method", "customer_reference",
    "currency_code", "revision_date",
}  # fmt: skip
REQUIRED = (
    "type", "purchase_identifiers", "customer_identifiers", "dates", "packages", "accounting_files", "custom_fields",
)  # fmt: skip
PACKAGE = {
    "identifiers", "type", "shipping_address", "shipping_method", "shipments", "line_items", "accounting_files",
}  # fmt: skip
LINE = {
    "identifiers", "name_parent", "name_variant", "sku", "quantity", "custom_attributes", "line_total", "tax_lines",
}  # fmt: skip
TOTAL = {"total_net", "total_tax", "total_gross", "discount_net"}
LOOKUPS = ("sparklayer", "platform", "internal", "visible")
TYPES = ("cart", "quote", "awaiting_approval", "order", "order_unconfirmed")
PACKAGES = ("incoming", "shipment", "cancellation", "return")
DATES = {"created_at", "updated_at", "placed_at"}
CUSTOMER_IDS = {"sparklayer", "sparklayer_impersonator", "sparklayer_child", "sparklayer_sales_rep"}
MAX_ITEMS = 500


def put(request: Request, site: Site, body: Any) -> Response:
    lookup, identifier = request.path_params["lookup"], request.path_params["identifier"]
    if lookup not in LOOKUPS:
        raise ApiError(404, f"Purchases can be looked up by {', '.join(LOOKUPS)}")
    row = dict(known_fields(body, FIELDS))
    for name in REQUIRED:
        require(row.get(name) is not None, name, "is required")
    for name in ("packages", "accounting_files", "custom_fields"):
        require(isinstance(row[name], list), name, "must be an array")
    known_fields(row["customer_identifiers"], CUSTOMER_IDS)
    known_fields(row["dates"], DATES)
    require(row.get("type") in TYPES, "type", f"must be one of {', '.join(TYPES)}")
    ids = row.get("purchase_identifiers")
    require(
        isinstance(ids, dict) and ids.get(lookup) == identifier, "purchase_identifiers", "belong to another purchase"
    )
    for place, each in enumerate(row["packages"]):
        _check_package(each, f"packages[{place}]")
    currencies = {money["currency"] for money in _amounts(row)}
    require(len(currencies) <= 1, "packages", "must be in one currency")
    totals = _totals(row)
    existing = next((key for key, each in site.purchases.items() if _ids(each).get(lookup) == identifier), None)
    known = _ids(site.purchases[existing]).get("sparklayer") if existing else None
    if known and known != _ids(row).get("sparklayer"):
        raise ApiError(403, "The SparkLayer id of a purchase cannot be changed")
    duplicate = next((each for key, each in site.purchases.items() if key != existing and _same(each, row)), None)
    if duplicate is not None:
        raise ApiError(409, "Conflict", purchase_identifiers="another purchase has this platform ID")
    key = existing or f"{lookup}:{identifier}"
    if currencies:
        row["calculated_total"] = {"number": plain(totals[0]), "currency": currencies.pop()}
    site.purchases[key] = row | {"external_id": identifier}
    return json_response(site.purchases[key])


def _same(one: Row, other: Row) -> bool:
    return bool(_ids(one).get("platform")) and _ids(one).get("platform") == _ids(other).get("platform")


def _ids(row: Row) -> Row:
    found: Row = row["purchase_identifiers"]
    return found


def _check_package(package: Any, place: str) -> None:
    known_fields(package, PACKAGE)
    require(package.get("type") in PACKAGES, f"{place}.type", f"must be one of {', '.join(PACKAGES)}")
    require(package.get("line_items"), f"{place}.line_items", "is required")
    for number, line in enumerate(package["line_items"]):
        at = f"{place}.line_items[{number}]"
        known_fields(line, LINE)
        require(is_text(line.get("name_parent")), f"{at}.name_parent", "is required")
        require(is_number(line.get("quantity")) and line["quantity"] > 0, f"{at}.quantity", "must be greater than 0")
        _check_total(line.get("line_total"), at)
    if method := package.get("shipping_method"):
        known_fields(method, {"name", "line_total"})
        require(is_text(method.get("name")), f"{place}.shipping_method.name", "is required")
        _check_total(method.get("line_total"), f"{place}.shipping_method")


def _check_total(total: Any, place: str) -> None:
    require(isinstance(total, dict) and "total_net" in total, f"{place}.line_total", "needs total_net")
    known_fields(total, TOTAL)
    for name, money in total.items():
        known_fields(money, {"number", "currency"})
        text = money.get("number")
        require(
            isinstance(text, str) and re.fullmatch(r"-?\d+(\.\d+)?", text),
            f"{place}.{name}",
            "must be an amount as text",
        )
        require(re.fullmatch(r"[A-Z]{3}", str(money.get("currency"))), f"{place}.{name}", "needs an ISO 4217 code")
    if {"total_tax", "total_gross"} <= total.keys():
        exact = _number(total["total_net"]) + _number(total["total_tax"])
        require(_number(total["total_gross"]) == exact, f"{place}.total_gross", "must be total_net and total_tax")


def _number(money: Any) -> Decimal:
    return Decimal(money["number"])


def _line_totals(row: Row) -> list[Row]:
    """The totals of all lines and shipping methods."""
    found = []
    for package in row["packages"]:
        found += [line["line_total"] for line in package["line_items"]]
        if method := package.get("shipping_method"):
            found.append(method["line_total"])
    return found


def _amounts(row: Row) -> list[Row]:
    return [money for total in _line_totals(row) for money in total.values()]


def _totals(row: Row) -> tuple[Decimal, Decimal]:
    """The total with tax, and the tax."""
    totals = _line_totals(row)
    net = sum((_number(total["total_net"]) for total in totals), ZERO)
    if any("total_tax" in total for total in totals):
        tax = sum((_number(total["total_tax"]) for total in totals if "total_tax" in total), ZERO)
    else:
        tax = sum((_number(line["amount"]) for line in row.get("tax_lines") or ()), ZERO)
    return net + tax, tax


class SparkLayerSales(Sales):
    """The purchases of all sites, by the ID that they were sent with."""

    def __init__(self, sites: Callable[[], dict[str, Site]]) -> None:
        self.sites = sites

    def view(self, account: str, order: str) -> dict[str, Any]:
        """Lines are those of all packages by their platform ID: the type of a package tells what became of them."""
        site = self.sites().get(account)
        rows = [row for row in (site.purchases.values() if site else ()) if order in _ids(row).values()]
        if not rows:
            raise UnknownSale(f"there is no purchase {order}")
        [row] = rows
        total, tax = _totals(row)
        counts: dict[str, dict[str, Decimal]] = {}
        skus: dict[str, str] = {}
        for package in row["packages"]:
            for line in package["line_items"]:
                number = str((line.get("identifiers") or {}).get("platform") or line.get("sku", ""))
                skus[number] = line.get("sku", "")
                held = counts.setdefault(number, dict.fromkeys(("ordered", "cancellation", "return", "shipment"), ZERO))
                quantity = Decimal(str(line["quantity"]))
                held["ordered"] += quantity
                if package["type"] in held:
                    held[package["type"]] += quantity
        back = [package for package in row["packages"] if package["type"] in ("cancellation", "return")]
        return {
            "id": order,
            "number": _ids(row).get("visible", ""),
            "currency": row.get("calculated_total", {}).get("currency", ""),
            "total": plain(total),
            "tax": plain(tax),
            "refunded": plain(_totals({"packages": back})[0]),
            "status": row["type"],
            "lines": [
                sale_line(
                    number,
                    skus[number],
                    held["ordered"],
                    cancelled=held["cancellation"],
                    refunded=held["return"],
                    shipped=held["shipment"],
                )
                for number, held in counts.items()
            ],
        }


FILTERS = {"dates[placed]": "placed_at", "dates[last_updated]": "updated_at"}


def listing(request: Request, site: Site, body: Any) -> Response:
    query = request.query_params
    limit, offset = (query.get(name, default) for name, default in (("limit", "50"), ("offset", "0")))
    require(limit.isdecimal() and 1 <= int(limit) <= MAX_ITEMS, "limit", f"must be from 1 to {MAX_ITEMS}")
    require(offset.isdecimal(), "offset", "must be at least 0")
    rows = [row for row in site.purchases.values() if _matches(row, query)]
    return json_response(rows[int(offset) : int(offset) + int(limit)])


def _matches(row: Row, query: Mapping[str, str]) -> bool:
    customer = row["customer_identifiers"].get("sparklayer")
    if query.get("type") not in (None, row["type"]) or query.get("customer_identifiers[sparklayer]") not in (
        None,
        customer,
    ):
        return False
    for name, field in FILTERS.items():
        moment = row["dates"].get(field, "")
        if not query.get(f"{name}[gte]", "") <= moment or moment > query.get(f"{name}[lte]", "9"):
            return False
    return True


def get(request: Request, site: Site, body: Any) -> Response:
    lookup, identifier = request.path_params["lookup"], request.path_params["identifier"]
    for row in site.purchases.values():
        if lookup in LOOKUPS and _ids(row).get(lookup) == identifier:
            return json_response(row)
    raise ApiError(404, "The purchase does not exist")


def get_currency(request: Request, site: Site, body: Any) -> Response:
    if not site.currency:
        raise ApiError(404, "No base currency has been set")
    return json_response({"currency_code": site.currency.lower()})


def put_currency(request: Request, site: Site, body: Any) -> Response:
    code = known_fields(body, {"currency_code"}).get("currency_code")
    require(re.fullmatch(r"[A-Z]{3}", str(code)), "currency_code", "must be an ISO 4217 code")
    if site.currency not in ("", code):
        raise ApiError(409, "The base currency is already set to another currency")
    site.currency = str(code)
    return json_response({"currency_code": code})


ROUTES = (
    ("GET", "/api/v1/purchases/{lookup}/{identifier}", get),
    ("PUT", "/api/v1/purchases/{lookup}/{identifier}", put),
    ("GET", "/api/v1/purchases", listing),
    ("GET", "/api/v1/store-currency", get_currency),
    ("PUT", "/api/v1/store-currency", put_currency),
)
