"""What is read of the catalog: listings and single items."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import annotate_call, json_response
from sandbox.platforms.woocommerce import clock, views
from sandbox.platforms.woocommerce.responses import (
    ApiError,
    Query,
    Row,
    invalid_id,
    invalid_parameter,
    only_fields,
    page_of,
)
from sandbox.platforms.woocommerce.site import Site

PRODUCT_ORDERS = ("date", "id", "include", "title", "slug", "price", "popularity", "rating")
STATUSES = ("any", "draft", "pending", "private", "publish", "future", "trash")


def product_of(site: Site, request: Request, status: int = 404) -> Row:
    """The product of a path, also one in the trash."""
    number = request.path_params["number"]
    if number not in site.products:
        raise invalid_id("product", status)
    return site.products[number]


def variation_of(site: Site, request: Request) -> Row:
    product_of(site, request)
    row = site.variations.get(request.path_params["variation"])
    if row is None or row["parent_id"] != request.path_params["number"]:
        raise invalid_id("product_variation")
    return row


async def list_products(request: Request, site: Site) -> Response:
    query = Query(request)
    rows: list[Row] = list(site.products.values())
    if sku := query.values("sku"):
        # Only with this filter the listing has variations, too (seen in code).
        found = [each for each in (*rows, *site.variations.values()) if each["sku"] in sku]
        rows = [each for each in found if each["status"] != "trash"]
    rows = _filtered(query, rows)
    if kind := query.text("type"):
        rows = [each for each in rows if each.get("type", "variation") == kind]
    rows = ordered(query, rows, PRODUCT_ORDERS, "date", "desc")
    return _page(request, query, rows, lambda row: shown(site, row))


async def get_product(request: Request, site: Site) -> Response:
    return _one(request, views.product(site, product_of(site, request)))


async def list_variations(request: Request, site: Site) -> Response:
    query = Query(request)
    number = product_of(site, request)["id"]
    rows = _filtered(query, site.variations_of(number))
    if sku := query.values("sku"):
        rows = [each for each in rows if each["sku"] in sku]
    rows = ordered(query, rows, PRODUCT_ORDERS[:5], "date", "desc")
    return _page(request, query, rows, lambda row: views.variation(site, row))


async def get_variation(request: Request, site: Site) -> Response:
    return _one(request, views.variation(site, variation_of(site, request)))


async def list_categories(request: Request, site: Site) -> Response:
    return _terms(request, site.categories)


async def get_category(request: Request, site: Site) -> Response:
    return _term(request, site.categories)


async def list_brands(request: Request, site: Site) -> Response:
    return _terms(request, _brands(site))


async def get_brand(request: Request, site: Site) -> Response:
    return _term(request, _brands(site))


async def setting(request: Request, site: Site) -> Response:
    group, name = request.path_params["group"], request.path_params["name"]
    if f"{group}/{name}" not in site.settings:
        raise ApiError(404, "rest_setting_setting_invalid", "Invalid setting.")
    value = site.settings[f"{group}/{name}"]
    row = {"id": name, "label": name, "description": "", "type": "select", "default": "", "tip": "", "value": value}
    return _one(request, row | {"group_id": group, "options": {value: value}})


def shown(site: Site, row: Row) -> Row:
    """A product, or a variation in a list of products, which says so by its type."""
    if row["id"] in site.variations:
        return views.variation(site, row) | {"type": "variation", "parent_id": row["parent_id"]}
    return views.product(site, row)


def ordered(query: Query, rows: Iterable[Row], orders: tuple[str, ...], default: str, direction: str) -> list[Row]:
    """The rows in the order that the query asks for."""
    by = query.choice("orderby", orders, default)
    backwards = query.choice("order", ("asc", "desc"), direction) == "desc"
    keys: dict[str, Callable[[Row], Any]] = {
        "id": lambda row: row["id"],
        "date": lambda row: (row["created"], row["id"]),
        "registered_date": lambda row: (row["created"], row["id"]),
        "title": lambda row: (row["name"], row["id"]),
        "slug": lambda row: (row["slug"], row["id"]),
        "name": lambda row: (row.get("name") or row.get("username", ""), row["id"]),
        "include": lambda row: (query.ids("include") or [row["id"]]).index(row["id"]),
    }
    if by not in keys:
        raise invalid_parameter("orderby", f"{by} is not simulated")
    return sorted(rows, key=keys[by], reverse=backwards and by != "include")


def changed_between(query: Query, rows: Iterable[Row]) -> list[Row]:
    """`modified_after` and the like, all exclusive; in the site's time zone unless `dates_are_gmt` is set."""
    found = list(rows)
    for prefix, field in (("modified_", "modified"), ("", "created")):
        for name, keeps in (("after", lambda date, limit: date > limit), ("before", lambda date, limit: date < limit)):
            if (value := query.text(f"{prefix}{name}")) is None:
                continue
            try:
                limit = value[:19] if query.flag("dates_are_gmt") else clock.gmt(value)
                clock.local(limit)
            except ValueError as error:
                raise invalid_parameter(f"{prefix}{name}", "Invalid date.") from error
            found = [row for row in found if keeps(row[field], limit)]
    return found


def included(query: Query, rows: Iterable[Row]) -> list[Row]:
    wanted, unwanted = query.ids("include"), query.ids("exclude") or ()
    return [row for row in rows if (wanted is None or row["id"] in wanted) and row["id"] not in unwanted]


def _filtered(query: Query, rows: list[Row]) -> list[Row]:
    """`any` leaves out the trash."""
    status = query.choice("status", STATUSES, "any")
    kept = [row for row in rows if row["status"] == status or (status == "any" and row["status"] != "trash")]
    return included(query, changed_between(query, kept))


def _page(request: Request, query: Query, rows: list[Row], view: Callable[[Row], Row]) -> Response:
    annotate_call(request, items=len(rows))
    return page_of(query, Lazy(rows, view))


class Lazy(list[Row]):
    """Rows that are shown when they are sliced: a page needs few of them."""

    def __init__(self, rows: list[Row], view: Callable[[Row], Row]) -> None:
        super().__init__(rows)
        self._view = view

    def __getitem__(self, place: Any) -> Any:
        return [self._view(row) for row in super().__getitem__(place)]


def _one(request: Request, row: Row) -> Response:
    [found] = only_fields(Query(request), [row])
    return json_response(found)


def _brands(site: Site) -> dict[int, Row]:
    if not site.has_brands:
        raise ApiError(404, "rest_no_route", "No route was found matching the URL and request method.")
    return site.brands


def _terms(request: Request, terms: dict[int, Row]) -> Response:
    query = Query(request)
    rows = included(query, terms.values())
    if (parent := query.text("parent")) is not None:
        rows = [row for row in rows if str(row["parent"]) == parent]
    orders = ("id", "include", "name", "slug", "term_group", "description", "count")
    return _page(request, query, ordered(query, rows, orders, "name", "asc"), views.term)


def _term(request: Request, terms: dict[int, Row]) -> Response:
    number = request.path_params["number"]
    if number not in terms:
        raise ApiError(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
    return _one(request, views.term(terms[number]))
