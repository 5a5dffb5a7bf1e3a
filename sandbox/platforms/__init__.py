"""The platforms that the sandbox imitates, by name. Each is imported on first use."""

from importlib import import_module

from sandbox.platforms.base import Platform

PLATFORMS = {
    "bigcommerce": ("sandbox.platforms.bigcommerce", "BigCommerce"),
    "elevate": ("sandbox.platforms.elevate", "Elevate"),
    "image_feed": ("sandbox.platforms.image_feed", "ImageFeed"),
    "magento": ("sandbox.platforms.magento", "Magento"),
    "netsuite": ("sandbox.platforms.netsuite", "NetSuite"),
    "rest": ("sandbox.platforms.rest", "Rest"),
    "seller_center_oms": ("sandbox.platforms.seller_center.oms", "SellerCenterOms"),
    "seller_center_shop": ("sandbox.platforms.seller_center.shop", "SellerCenterShop"),
    "shopify": ("sandbox.platforms.shopify", "Shopify"),
    "sparklayer": ("sandbox.platforms.sparklayer", "SparkLayer"),
    "tryton": ("sandbox.platforms.tryton", "Tryton"),
    "vendure": ("sandbox.platforms.vendure", "Vendure"),
    "woocommerce": ("sandbox.platforms.woocommerce", "WooCommerce"),
}


def platform_class(name: str) -> type[Platform]:
    module, attribute = PLATFORMS[name]
    found: type[Platform] = getattr(import_module(module), attribute)
    return found
