"""Users of the site (_customers.md). A list has those with the role `customer` unless it asks for others."""

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce.catalog_routes import Lazy, included, ordered
from sandbox.platforms.woocommerce.clock import both
from sandbox.platforms.woocommerce.responses import Query, Row, invalid_id, only_fields, page_of
from sandbox.platforms.woocommerce.site import Site

ROLES = ("all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager")
_ORDERS = ("id", "include", "name", "registered_date")


async def list_customers(request: Request, site: Site) -> Response:
    query = Query(request)
    own = {row["role"] for row in site.customers.values()}
    role = query.choice("role", (*ROLES, *sorted(own)), "customer")
    rows = [row for row in site.customers.values() if role in ("all", row["role"])]
    if email := query.text("email"):
        rows = [row for row in rows if row["email"].lower() == email.lower()]
    rows = ordered(query, included(query, rows), _ORDERS, "name", "asc")
    return page_of(query, Lazy(rows, view))


async def get_customer(request: Request, site: Site) -> Response:
    number = request.path_params["number"]
    if number not in site.customers:
        raise invalid_id("")
    [found] = only_fields(Query(request), [view(site.customers[number])])
    return json_response(found)


def view(row: Row) -> Row:
    shown = {"id": row["id"]} | both("date_created", row["created"]) | both("date_modified", row["modified"])
    shown |= {name: value for name, value in row.items() if name not in ("created", "modified")}
    return shown | {"avatar_url": "https://secure.gravatar.com/avatar/1?s=96"}
