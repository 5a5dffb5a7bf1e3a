"""Categories, brands, products, variants, images, stock and feed positions.

Every row has a seller, and foreign keys include it in the database (migration 0002), so that a bug can't link rows of
different sellers. Categories, brands and attribute sets without a seller are shared by the whole marketplace.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from catalog.fields import TransactionIdField
from hub.models import Connection


class AttributeSet(models.Model):
    """The attributes of a family of products (L9)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="attribute_sets")
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "name"], nulls_distinct=False, name="catalog_attribute_set_once")
        ]

    def __str__(self) -> str:
        return self.name


class Attribute(models.Model):
    """An attribute of the products in a set, with a stable code and a display name (F4, L9)."""

    attribute_set = models.ForeignKey(AttributeSet, on_delete=models.CASCADE, related_name="attributes")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attribute_set", "code"], name="catalog_attribute_once")]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A category of a tree. `path` joins the names from the root with ` / `."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="categories")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=255)
    slug = models.CharField(max_length=255, blank=True)
    path = models.TextField(blank=True)
    position = models.IntegerField(default=0)
    visible = models.BooleanField(default=True)
    status = models.CharField(
        max_length=12, choices=[("live", _("Live")), ("discontinued", _("Discontinued"))], default="live"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = _("categories")
        indexes = [models.Index(fields=["seller", "path"], name="catalog_category_path")]

    def __str__(self) -> str:
        return self.path or self.name


class Brand(models.Model):
    """A brand of products."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, null=True, blank=True, related_name="brands")
    name = models.CharField(max_length=255)
    image_url = models.URLField(_("image URL"), max_length=1000, blank=True)
    status = models.CharField(
        max_length=12, choices=[("live", _("Live")), ("discontinued", _("Discontinued"))], default="live"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index("seller", Upper("name"), name="catalog_brand_name")]

    def __str__(self) -> str:
        return self.name


class Status(models.TextChoices):
    """Status of a product or variant (D9). Only the post-run check on staging sets `deleted` (L11)."""

    LIVE = "live", _("Live")
    SUSPENDED = "suspended", _("Suspended")
    DISCONTINUED = "discontinued", _("Discontinued")
    DELETED = "deleted", _("Deleted")


class Product(models.Model):
    """A product with the properties shared by its variants (D8).

    `revision` is set from the sequence `catalog_revision` whenever the product or its variants, prices, stock or images
    change, so that full syncs find changed products without building payloads.
    """

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="products")
    title = models.TextField()
    slug = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    product_type = models.CharField(max_length=40, blank=True)
    brand = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="products")
    attribute_set = models.ForeignKey(AttributeSet, on_delete=models.SET_NULL, null=True, blank=True)
    categories: models.ManyToManyField = models.ManyToManyField(Category, through="ProductCategory")
    attributes = models.JSONField(default=dict, blank=True, help_text=_("Attribute code → value."))
    status = models.CharField(max_length=12, choices=Status, default=Status.LIVE)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "id"], name="catalog_product_of_seller")]
        indexes = [
            models.Index(fields=["seller", "status", "id"], name="catalog_product_status"),
            models.Index(fields=["seller", "-updated_at"], name="catalog_product_recent"),
            GinIndex(SearchVector("title", config="simple"), name="catalog_product_words"),
        ]

    def __str__(self) -> str:
        return self.title


class ProductCategory(models.Model):
    """Assigns a product to a category."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    category = models.ForeignKey(Category, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "category"], name="catalog_product_category_once")]

    def __str__(self) -> str:
        return f"{self.product} in {self.category}"


class Variant(models.Model):
    """A sellable unit: a product with a combination of options (D8, D11)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField(_("SKU"), max_length=255, blank=True)
    barcode = models.CharField(max_length=64, blank=True)
    mpn = models.CharField(_("manufacturer part number"), max_length=255, blank=True, default="", db_default="")
    weight_in_grams = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    position = models.IntegerField(default=0)
    cart_image_url = models.URLField(_("cart image URL"), max_length=1000, blank=True)
    options = models.JSONField(
        default=list, blank=True, help_text=_('In order, for example [{"name": "Size", "value": "M"}].')
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.LIVE)
    rrp = models.DecimalField(_("recommended retail price"), max_digits=14, decimal_places=4, null=True, blank=True)
    parts = models.JSONField(
        default=list,
        db_default=Value([], output_field=models.JSONField()),
        blank=True,
        help_text=_("What a bundle consists of."),
    )
    settings = models.JSONField(default=dict, blank=True, help_text=_("B2B settings of the variant."))
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_variant_of_seller"),
            models.UniqueConstraint(
                fields=["seller", "sku"],
                condition=~Q(sku="") & Q(status__in=["live", "suspended"]),
                name="catalog_variant_sku_once",
            ),
            models.CheckConstraint(
                condition=Q(weight_in_grams__isnull=True) | Q(weight_in_grams__gte=0),
                name="catalog_variant_weight_not_negative",
            ),
        ]
        indexes = [
            models.Index(F("seller"), OpClass(Upper("sku"), "text_pattern_ops"), name="catalog_variant_sku_prefix"),
        ]

    def __str__(self) -> str:
        return self.sku or f"variant {self.pk}"


class Image(models.Model):
    """An image in the gallery of a product. `origin` is the connection it comes from: a shop or an image feed."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    external_id = models.CharField(_("external ID"), max_length=200, blank=True)
    url = models.URLField(_("URL"), max_length=1000)
    alt = models.CharField(_("alt text"), max_length=500, blank=True)
    position = models.IntegerField(default=0)
    origin = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return self.url


class StockLocation(models.Model):
    """A warehouse or other place where stock is kept."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="stock_locations")
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller", "code"], name="catalog_location_once"),
            models.UniqueConstraint(fields=["seller", "id"], name="catalog_location_of_seller"),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Stock(models.Model):
    """The quantity of a variant at a location (D10, D11). Negative if oversold."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="stock", db_index=False)
    location = models.ForeignKey(StockLocation, on_delete=models.CASCADE, related_name="stock")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    min_level = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    restock_date = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "location"], name="catalog_stock_once")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant}"


class FeedPosition(models.Model):
    """The position of an item in a feed: the ID of the transaction that last changed its feed document (S3, S4).

    `item_id` is the ID of a product, or of a variant in the inventory feed. The row outlives its item, so that clients
    see deletions. Only database triggers write it (migration 0003), so that no change is missed.
    """

    class Feed(models.TextChoices):
        PRODUCTS = "products", _("Products")
        INVENTORY = "inventory", _("Inventory")
        IMAGES = "images", _("Images")

    pk = models.CompositePrimaryKey("feed", "item_id")
    feed = models.CharField(max_length=9, choices=Feed)
    item_id = models.BigIntegerField(_("item ID"))
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+", db_index=False)
    changed = TransactionIdField()

    class Meta:
        indexes = [models.Index(fields=["seller", "feed", "changed", "item_id"], name="catalog_feed_order")]

    def __str__(self) -> str:
        return f"{self.feed} {self.item_id} at {self.changed}"
