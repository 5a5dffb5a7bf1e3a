"""Issues of products, variants, stock, prices, images, categories and brands."""

from django.utils.translation import gettext_lazy as _

from synclog.issue_catalog.types import IssueType

SKU_MISSING = IssueType(
    "sku_missing",
    title=_("SKU missing"),
    message=_("1 variant has no SKU: {names}."),
    message_plural=_("{count} variants have no SKU: {names}."),
    fix=_("Add a SKU to every variant in {source}. Variants are matched by SKU."),
)
SKU_DUPLICATE = IssueType(
    "sku_duplicate",
    title=_("SKU used twice"),
    message=_("The SKU {sku} is already used by another variant."),
    fix=_("Give each variant its own SKU in {source}."),
)
SKU_IN_USE = IssueType(
    "sku_in_use",
    title=_("SKU used twice"),
    message=_("The SKU is already used by another live variant."),
    fix=_("Give each variant its own SKU in {source}."),
)
SKU_REPEATED = IssueType(
    "sku_repeated",
    title=_("SKU used twice at the target"),
    message=_("Several variants of the product have the SKU {sku} in {platform}. Nothing was sent."),
    fix=_("Give each variant its own SKU in {platform}. Then select Check again."),
)
SKU_TOO_LONG = IssueType(
    "sku_too_long",
    title=_("SKU too long"),
    message=_("The SKU {sku} is longer than the {limit} characters that {platform} accepts."),
    fix=_("Shorten the SKU in {source}."),
)
SKU_EQUAL = IssueType(
    "sku_equal",
    title=_("SKUs too similar"),
    message=_(
        "{platform} does not tell the SKU {sku} from {other}, because it ignores case, accents, and spaces at either "
        "end. Nothing was sent."
    ),
    fix=_("Change one of the two SKUs in {source}, or correct the one in {platform}. Then select Check again."),
)
SKU_CHARACTERS = IssueType(
    "sku_characters",
    title=_("SKU with unsupported characters"),
    message=_("{platform} cannot store these characters of the SKU {sku}: {characters}."),
    fix=_("Change the SKU in {source}."),
)
CHARACTERS_LEFT_OUT = IssueType(
    "characters_left_out",
    title=_("Unsupported characters"),
    message=_("{platform} cannot store these characters, so they were left out: {characters}."),
    fix=_("Remove the characters from the texts in {source}."),
    blocking=False,
)
NOT_STORED = IssueType(
    "not_stored",
    title=_("Accepted but not stored"),
    message=_("{platform} accepted the value of {name} without an error, but does not have it."),
    fix=_("Check the product in {platform}. Then select Check again."),
)
SKU_UNKNOWN = IssueType(
    "sku_unknown",
    title=_("SKU not found"),
    message=_("No product has the SKU {sku}."),
    fix=_("Correct the SKU in {source}. Products that are added later are matched automatically."),
)
ITEM_NOT_AT_TARGET = IssueType(
    "item_not_at_target",
    title=_("Product missing at the target"),
    message=_("{platform} has no active product with the SKU {sku}."),
    fix=_("Create or activate the product in {platform}, or correct the SKU in {source}. Then select Check again."),
)
VARIANTS_MISSING = IssueType(
    "variants_missing",
    title=_("No variants"),
    message=_("The product has no variants to sell."),
    fix=_("Add a variant with a SKU in {source}."),
)
NOT_SELLABLE = IssueType(
    "not_sellable",
    title=_("Nothing to sell"),
    message=_("Shoppers cannot find any variant of this product. Missing: {missing}."),
    fix=_("Add {missing} to at least one variant in {source}."),
)
PRICE_MISSING = IssueType(
    "price_missing",
    title=_("Price missing"),
    message=_("1 variant has no price: {names}."),
    message_plural=_("{count} variants have no price: {names}."),
    fix=_("Add a price in {source}. 0.00 is allowed."),
)
PRICE_NEGATIVE = IssueType(
    "price_negative",
    title=_("Negative price"),
    message=_("The price of {names} is below zero."),
    fix=_("Change the price in {source}. 0.00 is allowed."),
)
CURRENCY_UNKNOWN = IssueType(
    "currency_unknown",
    title=_("Currency unknown"),
    message=_("The currency of the price is unknown."),
    fix=_("Sync the settings of {source} first. Then select Check again."),
)
WEIGHT_MISSING = IssueType(
    "weight_missing",
    title=_("Weight missing"),
    message=_("1 variant has no weight: {names}."),
    message_plural=_("{count} variants have no weight: {names}."),
    fix=_("Add a weight in {source}. 0 is allowed."),
)
WEIGHT_NEGATIVE = IssueType(
    "weight_negative",
    title=_("Negative weight"),
    message=_("The weight of {names} is below zero."),
    fix=_("Change the weight in {source}. 0 is allowed."),
)
TITLE_MISSING = IssueType(
    "title_missing",
    title=_("Title missing"),
    message=_("The product has no title."),
    fix=_("Add a title in {source}."),
)
TITLE_LENGTH = IssueType(
    "title_length",
    title=_("Title too long"),
    message=_("The title has {length} characters. {platform} accepts 1 to {limit}."),
    fix=_("Change the title in {source}."),
)
NAME_LENGTH = IssueType(
    "name_length",
    title=_("Name too long"),
    message=_("The name “{name}” has {length} characters. {platform} accepts 1 to {limit}."),
    fix=_("Change the name in {source}."),
)
REQUIRED_VALUES_MISSING = IssueType(
    "required_values_missing",
    title=_("Required values missing"),
    message=_("{platform} requires values that the product does not have: {names}."),
    fix=_("Add the values in {source}, or map them in the settings of the connection."),
)
OPTIONS_MISSING = IssueType(
    "options_missing",
    title=_("Variant options missing"),
    message=_("The variants do not all have the same options, so {platform} cannot tell them apart."),
    fix=_("Give every variant the same options, such as size or color, in {source}."),
)
TOO_MANY = IssueType(
    "too_many",
    title=_("Too many variants or options"),
    message=_("{field}: the product has {count}. {platform} accepts {limit}."),
    fix=_("Split the product in {source}."),
)
OTHER_VARIANTS = IssueType(
    "other_variants",
    title=_("Variants with other options"),
    message=_("In {platform}, the product has variants with other options than in SyncCenter: {names}."),
    fix=_(
        "Delete these variants in {platform}, or give the variants in {source} the same options. "
        "Then select Check again."
    ),
)
OPTIONS_DIFFER = IssueType(
    "options_differ",
    title=_("Options differ"),
    message=_("The product has options in {platform} but none in SyncCenter."),
    fix=_("Remove the options in {platform}, or add the same options in {source}."),
)
OPTION_UNKNOWN = IssueType(
    "option_unknown",
    title=_("Option value missing at the target"),
    message=_("The attribute “{attribute}” has no option “{option}” in {platform}."),
    fix=_("Add the option to the attribute in {platform}. Then select Check again."),
)
ATTRIBUTE_UNKNOWN = IssueType(
    "attribute_unknown",
    title=_("Attribute missing at the target"),
    message=_("{platform} has no attribute with options for “{attribute}”."),
    fix=_("Add the attribute in {platform}, or enter its code in the field mapping of the connection."),
)
PRODUCT_TYPE_UNSUPPORTED = IssueType(
    "product_type_unsupported",
    title=_("Unsupported product type"),
    message=_("The product type “{type}” is not supported."),
    fix=_("Change the product type in {source} to a supported one, or exclude the product from the sync."),
)
MODIFIER_REQUIRED = IssueType(
    "modifier_required",
    title=_("Product with a required choice"),
    message=_(
        "Customers have to choose {names} for this product. A B2B storefront does not ask for it, and {source} refuses "
        "such an order."
    ),
    fix=_("Make the choice optional in {source}, or exclude the product from the B2B storefront."),
    blocking=False,
)
VARIANT_WITHOUT_PRODUCT = IssueType(
    "variant_without_product",
    title=_("Variant without product"),
    message=_("The variant {name} belongs to no product, so it cannot be synced."),
    fix=_(
        "Delete the variant in {source}, or recreate it under a product. If you cannot find it there, contact the "
        "platform’s support."
    ),
)
VARIANT_RECREATED = IssueType(
    "variant_recreated",
    title=_("Variant was recreated"),
    message=_(
        "The options of the variant {sku} changed, so {platform} now has a new variant for it. Stock, costs, "
        "dimensions, codes and image were copied. Metafields, safety stock, and prices in price lists that are not "
        "synced were not."
    ),
    fix=_("Enter the missing values for {sku} again in {platform}. Then resolve this issue."),
    blocking=False,
)
AMBIGUOUS_MATCH = IssueType(
    "ambiguous_match",
    title=_("Matches several products"),
    message=_("The SKUs of this product belong to several products: {titles}."),
    fix=_("Change the SKUs in {source} or {platform} so that all of them belong to one product."),
)
CATEGORY_TOO_DEEP = IssueType(
    "category_too_deep",
    title=_("Category nested too deep"),
    message=_("The category is {depth} levels deep. {platform} accepts {limit}."),
    fix=_("Move the category to a higher level in {source}."),
)
IMAGES_MISSING = IssueType(
    "images_missing",
    title=_("No images in the feed"),
    message=_("Line {line} has no list of images for {sku}."),
    fix=_("Correct the line in the image feed."),
)
IMAGE_URL_INVALID = IssueType(
    "image_url_invalid",
    title=_("Image URL invalid"),
    message=_("The image URL on line {line} for {sku} is invalid: {reason}."),
    fix=_("Correct the URL in the image feed."),
    blocking=False,
)
IMAGE_NOT_SENT = IssueType(
    "image_not_sent",
    title=_("Image not sent"),
    message=_("The image {url} was not sent: {reason}."),
    fix=_("Replace the image in {source}."),
    blocking=False,
)
NOT_PUBLISHED = IssueType(
    "not_published",
    title=_("Product not published"),
    message=_("{platform} has the product, but did not publish it in the sales channels: {reason}"),
    fix=_("Publish the product in {platform}, and correct the sales channels in the settings of the connection."),
    blocking=False,
)
TWO_NAMES = IssueType(
    "two_names",
    title=_("Two names for one value"),
    message=_(
        "{attribute} {value} is called “{used}” by another product and “{name}” by this product. Shoppers see “{used}”."
    ),
    fix=_("Use the same name for {attribute} {value} in all products in {source}."),
    blocking=False,
)
NAME_CHANGED = IssueType(
    "name_changed",
    title=_("Name changed for all products"),
    message=_(
        "{attribute} {value} was called “{before}”. This product calls it “{name}”, so it is now called “{name}” in "
        "all products."
    ),
    fix=_("If this is wrong, change the name back to “{before}” in {source}. Otherwise resolve this issue."),
    blocking=False,
)
VARIANT_VISIBLE = IssueType(
    "variant_visible",
    title=_("Variant is also sold separately"),
    message=_("The variant {sku} is visible on its own in {platform}, so it was imported as a product of its own."),
    fix=_("If it should be a variant of this product only, hide it from the catalog and search in {source}."),
    blocking=False,
)
FEED_LINE_WITHOUT_SKU = IssueType(
    "feed_line_without_sku",
    title=_("Feed line without SKU"),
    message=_("Line {line} of the feed has no SKU of up to {limit} characters."),
    fix=_("Correct the line in the image feed."),
)
PRICE_CURRENCY = IssueType(
    "price_currency",
    title=_("Price in another currency"),
    message=_("The price is in {currency}, and {platform} sells in {remote}. It was not sent."),
    fix=_("Choose a price list in {remote} in the settings of the connection. Then select Check again."),
)
AMBIGUOUS_NAME = IssueType(
    "ambiguous_name",
    title=_("Matches several items"),
    message=_("{platform} has several items called “{name}” (IDs {ids}), so none was linked."),
    fix=_("Give each of them its own name in {platform}. Then select Check again."),
)
ALREADY_LINKED = IssueType(
    "already_linked",
    title=_("Match is already linked"),
    message=_("“{name}” matches the item with the ID {external_id} in {platform}, which is linked to another item."),
    fix=_("Give each item its own name and SKUs in {source} and in {platform}. Then select Check again."),
)
