"""`/v3/catalog/products/{id}/images`: one a call, up to 1,000 a product."""

from collections.abc import Iterable

from starlette.responses import Response

from sandbox.platforms.bigcommerce.answers import Pager, Refusal, gone, not_found, one
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.store import Store, now
from sandbox.tables import Row

IMAGES = 1000
IMAGE = Fields(
    required=("image_url",),
    image_url=Field("string", shortest=1, longest=255),
    is_thumbnail=Field("boolean"),
    sort_order=Field("integer", least=-(2**31), most=2**31 - 1),
    description=Field("string"),
)


def image_view(store: Store, image: Row) -> Row:
    """An image with the URLs of the sizes made of it; the original URL is not told again."""
    full = store.images.full(image)
    url = full.pop("image_url")
    full["image_file"] = url.removeprefix("https://images.example.com")
    full.setdefault("date_modified", store.products.rows[image["product_id"]]["date_modified"])
    for size in ("zoom", "standard", "thumbnail", "tiny"):
        full[f"url_{size}"] = f"{url}?size={size}"
    return full


def new_images(store: Store, product: Row, bodies: Iterable[Row]) -> None:
    for body in bodies:
        store.images.add({"product_id": product["id"], **IMAGE.writable(body), "date_modified": now()})


def list_images(ask: Ask) -> Response:
    product_id = ask.product()["id"]
    pager = Pager(ask.query, ask.overlap)
    start, stop = pager.bounds
    images = ask.store.images.of(product_id)
    ask.note(items=len(images[start:stop]))
    return pager.answer([image_view(ask.store, image) for image in images[start:stop]], len(images))


def create_image(ask: Ask) -> Response:
    product = ask.product()
    fields = IMAGE.checked(ask.body, creating=True)
    if len(ask.store.images.of(product["id"])) >= IMAGES:
        raise Refusal(422, f"A product has at most {IMAGES} images")
    if not fields["image_url"].startswith(("http://", "https://")):
        raise Refusal(400, "The image could not be downloaded", {"image_url": "not an address"})
    if fields.get("is_thumbnail"):
        _no_thumbnail(ask.store, product["id"])
    image = ask.store.images.add({"product_id": product["id"], **fields, "date_modified": now()})
    ask.store.change_product(product, {})
    return one(image_view(ask.store, image))


def change_image(ask: Ask) -> Response:
    product, image = ask.product(), _image(ask)
    fields = IMAGE.checked(ask.body, creating=False)
    if fields.get("is_thumbnail"):
        _no_thumbnail(ask.store, product["id"])
    ask.store.images.change(image, {**fields, "date_modified": now()})
    ask.store.change_product(product, {})
    return one(image_view(ask.store, image))


def delete_image(ask: Ask) -> Response:
    product, image = ask.product(), _image(ask)
    ask.store.images.remove(image["id"])
    ask.store.change_product(product, {})
    return gone()


def _no_thumbnail(store: Store, product_id: int) -> None:
    for image in store.images.of(product_id):
        store.images.change(image, {"is_thumbnail": False})


def _image(ask: Ask) -> Row:
    image = ask.store.images.get(ask.path["image_id"])
    if image is None or image["product_id"] != ask.path["product_id"]:
        raise not_found("Image")
    return image


BASE = "/v3/catalog/products/{product_id:int}/images"
OPERATIONS = [
    Operation("GET", BASE, list_images),
    Operation("POST", BASE, create_image),
    Operation("PUT", BASE + "/{image_id:int}", change_image),
    Operation("DELETE", BASE + "/{image_id:int}", delete_image),
]
