"""Products, as docs/platforms/rest.md specifies them.

Stock and prices are separate streams, so that changing them does not send the whole product.
"""

from catalog.items import ProductItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, json_number
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
            "title": item.title,
            "slug": item.slug,
            "description": item.description,
            "type": item.product_type,
            "status": item.status,
            "brand": reference(refs, Kind.BRAND, item.brand_id),
            "brand_name": item.brand,
            "categories": [reference(refs, Kind.CATEGORY, pk) for pk in item.category_ids],
            "category_paths": item.category_paths,
            "attributes": item.attributes,
            "images": [{"url": image.url, "alt": image.alt} for image in item.images],
            "variants": [
                {
                    "key": reference(refs, Kind.VARIANT, variant.id),
                    "sku": variant.sku,
                    "barcode": variant.barcode,
                    "weight_in_grams": json_number(variant.weight_in_grams),
                    "image_url": variant.cart_image_url,
                    "options": variant.options,
                    "status": variant.status,
                    "rrp": json_number(variant.rrp),
                    "settings": variant.settings,
                }
                for variant in item.variants
                if variant.status in SOLD_STATUSES
            ],
        }
