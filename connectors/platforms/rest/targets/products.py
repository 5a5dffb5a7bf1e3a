"""Products, as docs/platforms/rest.md specifies them.

Stock and prices are separate streams, so that changing them does not send the whole product.
"""

from catalog.items import ProductItem, VariantItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from connectors.sdk.records import ProductRecord, VariantRecord
from connectors.sdk.values import SOLD_STATUSES, json_number
from hub.field_registry import FIRST_VERSION, FieldType, stored_fields
from hub.kinds import DataType, Kind


class ProductTarget(RestTargetStream[ProductItem]):
    data_type = DataType.PRODUCTS
    lane = "products"
    shards = 4

    def payload(self, item: ProductItem, refs: References) -> Row | None:
        """Stock and prices are separate streams, so that changing them does not send the whole product."""
        if item.status not in SOLD_STATUSES:
            return None
        return {
            **_fields(ProductRecord, item),
            "brand": reference(refs, Kind.BRAND, item.brand_id),
            "brand_name": item.brand,
            "categories": [reference(refs, Kind.CATEGORY, pk) for pk in item.category_ids],
            "category_paths": item.category_paths,
            "images": [{"url": image.url, "alt": image.alt} for image in item.images],
            "variants": [
                {"key": reference(refs, Kind.VARIANT, variant.id), **_fields(VariantRecord, variant)}
                for variant in item.variants
                if variant.status in SOLD_STATUSES
            ],
        }


def _fields(record_class: type, item: ProductItem | VariantItem) -> Row:
    """The fields of the registry under their names in our feeds.

    Fields of later versions are left out if they are empty, so that a new field does not cause items without it to be
    sent again.
    """
    found = {}
    for field in stored_fields(record_class):
        value = field.get(item)
        if field.feed_name and (field.since == FIRST_VERSION or value not in ("", None, [], {})):
            found[field.feed_name] = json_number(value) if field.type is FieldType.DECIMAL else value
    return found
