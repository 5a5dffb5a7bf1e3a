"""Category trees and their categories: `/v3/catalog/trees`, `/v3/catalog/trees/categories`."""

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, boolean, list_of, select_fields
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, list_response, not_found
from sandbox.platforms.bigcommerce.store import Store, slug
from sandbox.tables import Row

DEPTH = 8
CATEGORIES = 16_000
BATCH = 50  # assumed; the vendor documents no maximum
CATEGORY = Fields(
    required=("name",),
    name=Field("string", min_length=1, max_length=50),
    parent_id=Field("integer", minimum=0),
    tree_id=Field("integer", minimum=1),
    description=Field("string"),
    views=Field("integer"),
    sort_order=Field("integer", minimum=-(2**31), maximum=2**31 - 1),
    page_title=Field("string"),
    meta_keywords=Field("array"),
    meta_description=Field("string", max_length=65_535),
    layout_file=Field("string", max_length=50),
    image_url=Field("string"),
    is_visible=Field("boolean"),
    search_keywords=Field("string", max_length=255),
    default_product_sort=Field(
        "string",
        choices=(
            "use_store_settings", "featured", "newest", "best_selling", "alpha_asc", "alpha_desc",
            "avg_customer_review", "price_asc", "price_desc",
        ),
    ),
    url=Field("object"),
)  # fmt: skip
FILTERS = (
    Filters()
    .add("category_id", int, "in not_in", plain=False, value=lambda row: row["id"])
    .add("category_uuid", str, "in not_in", plain=False, value=lambda row: category_uuid(row))
    .add("tree_id", int, "in not_in", plain=False)
    .add("parent_id", int, "in not_in", plain=False)
    .add("name", str, "like")
    .add("page_title", str, "like")
    .add("keyword", str.lower, value=lambda row: row["name"].lower())
    .add("is_visible", boolean)
)


def category_uuid(category: Row) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"category/{category['id']}"))


def category_view(store: Store, category: Row) -> Row:
    full = store.categories.full(category)
    number, url = full.pop("id"), full.pop("url", None)
    full["category_id"] = number
    full["category_uuid"] = category_uuid(category)
    full["url"] = url or {"path": _path_url(store, category), "is_customized": False}
    return full


def _ancestors_and_self(store: Store, category: Row) -> list[Row]:
    """Return a category and its ancestors, root first."""
    line = [category]
    while (above := store.categories.get(line[0].get("parent_id", 0))) is not None:
        line.insert(0, above)
    return line


def _path_url(store: Store, category: Row) -> str:
    return "/" + "".join(slug(each["name"]).lstrip("/") for each in _ancestors_and_self(store, category))


def list_trees(request: ApiRequest) -> Response:
    trees = request.store.trees
    if "id:in" in request.query:
        trees = [tree for tree in trees if str(tree["id"]) in request.query["id:in"].split(",")]
    if "channel_id:in" in request.query:
        wanted = request.query["channel_id:in"].split(",")
        trees = [tree for tree in trees if any(str(channel) in wanted for channel in tree["channels"])]
    pager = Pager(request.query, 0)
    start, stop = pager.bounds
    return pager.page_response(trees[start:stop], len(trees))


def show_tree(request: ApiRequest) -> Response:
    """Return the categories of a tree, with nested children."""
    store, tree_id = request.store, request.path["tree_id"]
    if all(tree["id"] != tree_id for tree in store.trees):
        raise not_found("The tree was")
    views: dict[int, Row] = {0: {"children": []}}
    for category in (row for row in store.categories if row["tree_id"] == tree_id):
        line = _ancestors_and_self(store, category)
        view = {
            "id": category["id"],
            "parent_id": category["parent_id"],
            "depth": len(line) - 1,
            "path": [each["id"] for each in line[:-1]],
            "name": category["name"],
            "is_visible": store.categories.value(category, "is_visible"),
            "url": _path_url(store, category),
            "children": [],
        }
        views[category["id"]] = view
        views[category["parent_id"]]["children"].append(view)
    return list_response(views[0]["children"])


def list_categories(request: ApiRequest) -> Response:
    pager = Pager(request.query, request.overlap)
    chosen = FILTERS.choose(request.query, request.store.categories)
    start, stop = pager.bounds
    rows = [
        select_fields(category_view(request.store, row), request.query, "category_id") for row in chosen[start:stop]
    ]
    request.annotate_call(items=len(rows))
    return pager.page_response(rows, len(chosen))


def create_categories(request: ApiRequest) -> Response:
    """Create the valid items and report the invalid ones: 201 if all are valid, 207 if some are, 422 if none is."""
    store = request.store
    created: list[Row] = []
    errors: dict[str, str] = {}
    for position, body in enumerate(list_of(request.body, BATCH, _too_many)):
        problems = _problems(store, body, None)
        if len(store.categories) >= CATEGORIES:
            problems[""] = f"a store has at most {CATEGORIES} categories"
        if problems:
            errors |= {f"{position}.{name}": text for name, text in problems.items()}
            continue
        fields = {"parent_id": 0, **CATEGORY.writable(body)}
        parent = store.categories.get(fields["parent_id"])
        fields["tree_id"] = parent["tree_id"] if parent else fields["tree_id"]
        row = store.categories.add(fields)
        store.publish("store/category/created", "category", row["id"])
        created.append(category_view(store, row))
    return _outcome(created, errors, len(request.body), 201)


def change_categories(request: ApiRequest) -> Response:
    store = request.store
    changed = 0
    errors: dict[str, str] = {}
    for position, body in enumerate(list_of(request.body, BATCH, _too_many)):
        number = body.get("category_id") if isinstance(body, dict) else None
        row = store.categories.get(number) if isinstance(number, int) else None
        problems = _problems(store, body, row) if row else {"category_id": "The category was not found"}
        if row is None or problems:
            errors |= {f"{position}.{name}": text for name, text in problems.items()}
            continue
        store.categories.change(row, CATEGORY.writable(body))
        store.publish("store/category/updated", "category", row["id"])
        changed += 1
    return _outcome(None, errors, len(request.body), 200, succeeded=changed)


def delete_categories(request: ApiRequest) -> Response:
    """Delete the categories that match the filters, with all their descendants."""
    store = request.store
    if not FILTERS.names(request.query):
        raise ApiError(422, "A filter is required to delete categories", {"filter": "at least one"})
    selected_ids = {row["id"] for row in FILTERS.choose(request.query, store.categories)}
    below = {
        row["id"] for row in store.categories if selected_ids & {each["id"] for each in _ancestors_and_self(store, row)}
    }
    for number in below:
        store.categories.remove(number)
        store.publish("store/category/deleted", "category", number)
    for product in store.products:
        if not below.isdisjoint(product["categories"]):
            store.change_product(product, {"categories": [each for each in product["categories"] if each not in below]})
    request.annotate_call(items=len(selected_ids))
    return json_response({"meta": {"total": len(selected_ids), "success": len(selected_ids), "failed": 0}}, 202)


def _problems(store: Store, body: Any, row: Row | None) -> dict[str, str]:
    problems = CATEGORY.problems(body, creating=row is None)
    if problems:
        return problems
    parent_id = body.get("parent_id", row["parent_id"] if row else 0)
    parent = store.categories.get(parent_id)
    if parent_id and parent is None:
        return {"parent_id": "The parent category was not found"}
    tree_id = body.get("tree_id", (row or parent or {}).get("tree_id"))
    if tree_id is None:
        return {"tree_id": "is required without parent_id"}
    if all(tree["id"] != tree_id for tree in store.trees) or (parent and parent["tree_id"] != tree_id):
        return {"tree_id": "The tree was not found, or is not the parent's"}
    if parent and row and any(each is row for each in _ancestors_and_self(store, parent)):
        return {"parent_id": "A category cannot be its own descendant"}
    if parent and len(_ancestors_and_self(store, parent)) >= DEPTH:
        return {"parent_id": f"Categories can be nested at most {DEPTH} levels deep"}
    name = body.get("name", row["name"] if row else "")
    siblings: Iterable[Row] = (each for each in store.categories if each["parent_id"] == parent_id)
    if any(each["name"] == name and each["tree_id"] == tree_id and each is not row for each in siblings):
        return {"name": "The category name is already used by a sibling"}
    return {}


def _too_many(maximum: int) -> ApiError:
    return ApiError(413, f"At most {maximum} categories per call")


def _outcome(
    data: list[Row] | None, errors: dict[str, str], total: int, status: int, *, succeeded: int | None = None
) -> Response:
    succeeded = len(data or ()) if succeeded is None else succeeded
    body: Row = {"meta": {"total": total, "success": succeeded, "failed": total - succeeded}}
    if data is not None:
        body["data"] = data
    if errors:
        body["errors"] = {
            "status": 422,
            "title": "Some categories are not valid",
            "type": "",
            "errors": errors,
        }
        status = 207 if succeeded else 422
    return json_response(body, status)


OPERATIONS = [
    Operation("GET", "/v3/catalog/trees", list_trees),
    Operation("GET", "/v3/catalog/trees/categories", list_categories),
    Operation("POST", "/v3/catalog/trees/categories", create_categories),
    Operation("PUT", "/v3/catalog/trees/categories", change_categories),
    Operation("DELETE", "/v3/catalog/trees/categories", delete_categories),
    Operation("GET", "/v3/catalog/trees/{tree_id:int}/categories", show_tree),
]
