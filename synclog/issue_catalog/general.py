"""Issues that any kind of item can have: values, IDs, rejections, ownership, comparisons."""

from django.utils.translation import gettext_lazy as _

from synclog.issue_catalog.types import IssueType

UNREADABLE = IssueType(
    "unreadable",
    title=_("Data cannot be read"),
    message=_("{field} cannot be read: {reason}."),
    fix=_("Correct the value in {source}. If it looks correct, contact the platform’s support."),
)
DETAILS_FAILED = IssueType(
    "details_failed",
    title=_("Details cannot be fetched"),
    message=_("{platform} returns the item, but not all that belongs to it: {reason}."),
    fix=_(
        "SyncCenter tries again by itself. If the issue stays, contact {platform} support: its API fails for this item."
    ),
)
NOT_STORABLE = IssueType(
    "not_storable",
    title=_("Value cannot be stored"),
    message=_("A value cannot be stored ({reason})."),
    fix=_("Check the item in {source} for very large numbers, very long texts or unusual characters."),
)
INCOMPLETE = IssueType(
    "incomplete",
    title=_("Data incomplete"),
    message=_("{platform} returned the item without {field}, which every item has. Nothing of it was imported."),
    fix=_("Sync again. If the issue stays, contact {platform} support: its API answers incompletely."),
)
CHANGED_IN_FUTURE = IssueType(
    "changed_in_future",
    title=_("Change date in the future"),
    message=_("According to {platform}, the item was last changed on {date}, which is in the future."),
    fix=_("Save the item again in {source}. If the date stays, correct the clock of {source}."),
    blocking=False,
)
TIME_ZONE_UNKNOWN = IssueType(
    "time_zone_unknown",
    title=_("Unknown time zone"),
    message=_("The time zone of the store, {time_zone}, is unknown. Prices with dates begin and end by UTC."),
    fix=_("Choose a time zone such as Europe/Berlin in {source}."),
    blocking=False,
)
REFERENCE_UNKNOWN = IssueType(
    "reference_unknown",
    title=_("Reference to an unknown item"),
    message=_("{source} refers to something that was not imported: {kind} {id}."),
    fix=_(
        "Check whether {source} still has it, and whether the settings exclude it. Once it is imported, it is assigned "
        "automatically."
    ),
    blocking=False,
)
TRANSFORMATION_FAILED = IssueType(
    "transformation_failed",
    title=_("Field transformation failed"),
    message=_("{field} could not be transformed: {reason}. The value was imported as {source} sent it."),
    fix=_("Correct the value in {source}, or the transformation in the field mapping of the connection."),
    blocking=False,
)
VALUE_CUT = IssueType(
    "value_cut",
    title=_("Value too long"),
    message=_("{field} has {length} characters, and SyncCenter stores {limit}. Its beginning was stored."),
    fix=_("Shorten the value in {source}."),
    blocking=False,
)
VALUE_CUT_AT_TARGET = IssueType(
    "value_cut_at_target",
    title=_("Value too long for the target"),
    message=_("{field} has {length} characters, and {platform} takes {limit}. Its beginning was sent."),
    fix=_("Shorten the value in {source}."),
    blocking=False,
)
VALUE_LEFT_OUT = IssueType(
    "value_left_out",
    title=_("Value left out"),
    message=_("{field} has {length} characters, and SyncCenter stores {limit}. It was left out."),
    fix=_("Shorten the value in {source}."),
    blocking=False,
)
IDENTIFIER_TOO_LONG = IssueType(
    "identifier_too_long",
    title=_("Identifying value too long"),
    message=_(
        "{field} has {length} characters, and SyncCenter stores {limit}. It was not used, because its beginning alone "
        "could mean another item."
    ),
    fix=_("Shorten the value in {source}."),
)
NUMBER_OUT_OF_RANGE = IssueType(
    "number_out_of_range",
    title=_("Number out of range"),
    message=_("{field} is not a number, or outside the range that SyncCenter can store."),
    fix=_("Correct the value in {source}."),
)
HIDDEN_CHARACTER = IssueType(
    "hidden_character",
    title=_("Hidden character"),
    message=_("{field} contains a hidden character."),
    fix=_("Retype {field} in {source}. The text was probably pasted from another program."),
)
REJECTED = IssueType(
    "rejected",
    title=_("Rejected by the target"),
    message=_("{platform} rejected the item: {reason}"),
    fix=_("Correct the item in {source}. It is sent again as soon as it changes."),
)
PARTLY_SAVED = IssueType(
    "partly_saved",
    title=_("Saved in part"),
    message=_("{platform} did not save all values: {reason}"),
    fix=_("Correct the values in {source}, or enter them in {platform}. Then select Check again."),
)
NOT_SENT = IssueType(
    "not_sent",
    title=_("Could not be sent"),
    message=_("The item could not be sent: {reason}"),
    fix=_("Check the item in {source} and in {platform}. Then select Check again."),
)
NOT_AT_TARGET_YET = IssueType(
    "not_at_target_yet",
    title=_("Product missing at the target"),
    message=_("{platform} does not have {name} yet."),
    fix=_("Sync the product first. Then select Check again."),
)
OUTCOME_UNKNOWN = IssueType(
    "outcome_unknown",
    title=_("Item may exist at the target"),
    message=_("{platform} did not confirm the last call, so the item may exist there."),
    fix=_("Search for the item in {platform} and delete it there."),
)
ID_IN_USE = IssueType(
    "id_in_use",
    title=_("ID already in use"),
    message=_(
        "{platform} returned the ID {external_id} for {kind} {wanted}. SyncCenter already uses this ID for {kind} "
        "{holder}. The link of {kind} {holder} was not changed."
    ),
    fix=_(
        "Raise the ID sequence in {platform} above the highest ID in use (see ID conflicts in the admin). "
        "Then select Check again."
    ),
    docs="admin.md",
)
ORDER_ID_IN_USE = IssueType(
    "order_id_in_use",
    title=_("Order ID already in use"),
    message=_(
        "{platform} sent order {number} of {date} with the ID {external_id}. SyncCenter already uses this ID for order "
        "{holder_number} of {holder_date} (no. {holder}). The stored order was not changed."
    ),
    fix=_(
        "Raise the order ID sequence in {platform} above the highest ID in use (see ID conflicts in the admin), and "
        "send order {number} again with a new ID."
    ),
    docs="admin.md",
)
ORDER_NUMBER_IN_USE = IssueType(
    "order_number_in_use",
    title=_("Order number already in use"),
    message=_(
        "{platform} sent an order with the ID {external_id} and the number {number}. Another order from {platform} "
        "already has this number (no. {holder}). The stored order was not changed."
    ),
    fix=_("Give one of the two orders another number in {platform}."),
    docs="admin.md",
)
ORDER_LINE_ID_IN_USE = IssueType(
    "order_line_id_in_use",
    title=_("Order line ID already in use"),
    message=_(
        "{platform} sent order {number} with a line that has the ID {external_id}. A line of order {holder_number} "
        "already has this ID (no. {holder}). The stored order was not changed."
    ),
    fix=_(
        "Raise the order line ID sequence in {platform} above the highest ID in use (see ID conflicts in the admin), "
        "and send order {number} again with new line IDs."
    ),
    docs="admin.md",
)
ORDER_LINE_ID_DUPLICATE = IssueType(
    "order_line_id_duplicate",
    title=_("Order line ID used twice"),
    message=_("Several lines of order {number} have the ID {external_id}."),
    fix=_("Give each order line its own ID in {source}."),
)
VARIANT_ID_DUPLICATE = IssueType(
    "variant_id_duplicate",
    title=_("Variant ID used twice"),
    message=_("Several variants of the product have the ID {external_id}."),
    fix=_("Give each variant its own ID in {source}."),
)
VARIANT_ID_IN_USE = IssueType(
    "variant_id_in_use",
    title=_("Variant ID already in use"),
    message=_(
        "{platform} sent “{title}” (ID {product_id}) with a variant that has the ID {external_id}. A variant of "
        "“{holder_title}” (product no. {holder}) already has this ID. The stored variant was not changed."
    ),
    fix=_(
        "If the variant was moved, remove it from “{holder_title}” in {platform}: the next full sync then resolves "
        "this issue. Otherwise raise the variant ID sequence in {platform} above the highest ID in use (see ID "
        "conflicts in the admin), and recreate the variant."
    ),
    docs="admin.md",
)
NOT_SOURCE_OF_TRUTH = IssueType(
    "not_source_of_truth",
    title=_("Differs from the source of truth"),
    message=_(
        "{platform} differs from {owner}, which is the source of truth for {group}: {fields}. The values of {owner} "
        "were kept."
    ),
    fix=_("Change the values in {owner}, or make them the same in {platform}."),
    blocking=False,
    docs="admin.md",
)
IMAGES_FROM_OTHER_SOURCE = IssueType(
    "images_from_other_source",
    title=_("Images come from another source"),
    message=_("The product has images from another source, so the images of {platform} were not used."),
    fix=_("Make {platform} the source of truth for images if its images should replace them."),
    blocking=False,
    docs="admin.md",
)
DRIFT = IssueType(
    "drift",
    title=_("Data differs at the target"),
    message=_("{summary}"),
    fix=_("Open Preview & compare, select comparison {run}, and choose what to send again."),
    blocking=False,
    docs="checks.md",
)
BASE_CURRENCY_DIFFERS = IssueType(
    "base_currency_differs",
    title=_("Base currency differs"),
    message=_("The base currency is {remote} in {platform} and {currency} in the shop. {platform} sets it only once."),
    fix=_("Ask the platform’s support to change the base currency of {platform}. Then select Check again."),
)
