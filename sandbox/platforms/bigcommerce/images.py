"""`/v3/catalog/products/{id}/images`: one per call, at most 1,000 per product."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from starlette.responses import Response

from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, item_response, no_content, not_found
from sandbox.platforms.bigcommerce.store import Store, now
from sandbox.tables import Row

IMAGES = 1000
IMAGE = Fields(
    required=("image_url",),
    image_url=Field("string", min_length=1, max_length=255),
    is_thumbnail=Field("boolean"),
    sort_order=Field("integer", minimum=-(2**31), maximum=2**31 - 1),
    description=Field("string"),
)


def image_view(store: Store, image: Row) -> Row:
    """An image with the URLs of its sizes. The original URL is not returned."""
    full = store.images.full(image)
    url = full.pop("image_url")
    file = PurePosixPath(urlsplit(url).path)
    full["image_file"] = f"a/{image['id'] % 1000:03d}/{file.stem}__{image['id']:05d}{file.suffix}"
    full.setdefault("date_modified", store.products.rows[image["product_id"]]["date_modified"])
    for size in ("zoom", "standard", "thumbnail", "tiny"):
        full[f"url_{size}"] = f"{url}?size={size}"
    return full


def new_images(store: Store, product: Row, bodies: Iterable[Row]) -> None:
    for body in bodies:
        store.images.add({"product_id": product["id"], **IMAGE.writable(body), "date_modified": now()})


def list_images(request: ApiRequest) -> Response:
    product_id = request.product()["id"]
    pager = Pager(request.query, request.overlap)
    start, stop = pager.bounds
    images = request.store.images.in_group(product_id)
    request.annotate_call(items=len(images[start:stop]))
    return pager.page_response([image_view(request.store, image) for image in images[start:stop]], len(images))


def create_image(request: ApiRequest) -> Response:
    product = request.product()
    fields = IMAGE.checked(request.body, creating=True)
    if len(request.store.images.in_group(product["id"])) >= IMAGES:
        raise ApiError(422, f"A product has at most {IMAGES} images")
    if not fields["image_url"].startswith(("http://", "https://")):
        raise ApiError(400, "The image could not be downloaded", {"image_url": "not a valid URL"})
    if fields.get("is_thumbnail"):
        _clear_thumbnails(request.store, product["id"])
    image = request.store.images.add({"product_id": product["id"], **fields, "date_modified": now()})
    request.store.change_product(product, {})
    return item_response(image_view(request.store, image))


def change_image(request: ApiRequest) -> Response:
    product, image = request.product(), _image(request)
    fields = IMAGE.checked(request.body, creating=False)
    if fields.get("is_thumbnail"):
        _clear_thumbnails(request.store, product["id"])
    request.store.images.change(image, {**fields, "date_modified": now()})
    request.store.change_product(product, {})
    return item_response(image_view(request.store, image))


def delete_image(request: ApiRequest) -> Response:
    product, image = request.product(), _image(request)
    request.store.images.remove(image["id"])
    request.store.change_product(product, {})
    return no_content()


def _clear_thumbnails(store: Store, product_id: int) -> None:
    for image in store.images.in_group(product_id):
        store.images.change(image, {"is_thumbnail": False})


def _image(request: ApiRequest) -> Row:
    image = request.store.images.get(request.path["image_id"])
    if image is None or image["product_id"] != request.path["product_id"]:
        raise not_found("Image")
    return image


BASE = "/v3/catalog/products/{product_id:int}/images"
OPERATIONS = [
    Operation("GET", BASE, list_images),
    Operation("POST", BASE, create_image),
    Operation("PUT", BASE + "/{image_id:int}", change_image),
    Operation("DELETE", BASE + "/{image_id:int}", delete_image),
]
