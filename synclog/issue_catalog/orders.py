"""Issues of orders, shipments and customers."""

from django.utils.translation import gettext_lazy as _

from synclog.issue_catalog.types import IssueType

ADDRESS_INCOMPLETE = IssueType(
    "address_incomplete",
    title=_("Address incomplete"),
    message=_("Address line 1 is empty in the {use} address."),
    fix=_("Enter street and number in {source}."),
    blocking=False,
)
ADDRESS_LEFT_OUT = IssueType(
    "address_left_out",
    title=_("Address left out"),
    message=_("The {use} address lacks what {platform} requires: {missing}. It was left out."),
    fix=_("Complete the address in {source}."),
    blocking=False,
)
DELIVERY_ADDRESS_MISSING = IssueType(
    "delivery_address_missing",
    title=_("Delivery address missing"),
    message=_("The order has no delivery address."),
    fix=_("Add a delivery address to the order in {source}. The order is then sent automatically."),
)
SEVERAL_DELIVERY_ADDRESSES = IssueType(
    "several_delivery_addresses",
    title=_("Several delivery addresses"),
    message=_("The order goes to several addresses, and an order in {platform} has one."),
    fix=_("Split the order in {source}, so that each part has one delivery address."),
    docs="orders.md",
)
LINE_SKU_MISSING = IssueType(
    "line_sku_missing",
    title=_("Order line without SKU"),
    message=_("The order line “{title}” has no SKU."),
    fix=_("Add a SKU to the product and to the order line in {source}. Then select Check again."),
)
LINE_VARIANT_UNKNOWN = IssueType(
    "line_variant_unknown",
    title=_("Product of an order line unknown"),
    message=_("No imported product has the SKU of these order lines: {skus}."),
    fix=_(
        "Check whether the shop still has the products, and whether the settings of its import exclude them. Once they "
        "are imported, they are assigned automatically."
    ),
    blocking=False,
    docs="orders.md",
)
LINE_ITEM_CHANGED = IssueType(
    "line_item_changed",
    title=_("Product of an order line changed"),
    message=_("An order line now has the SKU {sku}. {platform} cannot change the product of an existing line."),
    fix=_("Cancel the line in {source} and add a new one."),
)
ORDER_DOES_NOT_ADD_UP = IssueType(
    "order_does_not_add_up",
    title=_("Order does not add up"),
    message=_(
        "Lines {lines} + charges {charges} − discounts {discounts} = {sum} {currency}, but the total is {total} "
        "{currency}. The difference is {difference} {currency}."
    ),
    fix=_(
        "Compare the order with {source} and correct it there. Accounting systems receive it when it adds up, or when "
        "somebody accepts the difference on the page of the order."
    ),
    blocking=False,
    docs="orders.md",
)
ORDER_HELD = IssueType(
    "order_held",
    title=_("Order waits because it does not add up"),
    message=_("The lines, charges and discounts of the order differ from its total by {difference} {currency}."),
    fix=_(
        "Correct the order in {source}, or accept the difference on the page of the order. To send such orders anyway, "
        "change “Orders that do not add up” in the settings of the connection to {platform}."
    ),
    docs="orders.md",
)
TARGET_TOTAL_DIFFERS = IssueType(
    "target_total_differs",
    title=_("Total differs at the target"),
    message=_("{platform} computed a total of {total} {currency}; the order has {expected} {currency}."),
    fix=_("Compare taxes, discounts and charges of the order in {platform} and in {source}."),
    blocking=False,
    docs="orders.md",
)
TARGET_TAX_DIFFERS = IssueType(
    "target_tax_differs",
    title=_("Tax differs at the target"),
    message=_("{platform} computed a tax of {tax} {currency}; the order has {expected} {currency}. The totals agree."),
    fix=_("Compare the tax rates of the items and the customer in {platform} with those of the order in {source}."),
    blocking=False,
    docs="orders.md",
)
TAX_RATE_UNKNOWN = IssueType(
    "tax_rate_unknown",
    title=_("Tax rate not mapped"),
    message=_("The order has a tax of {rate} %, for which the connection to {platform} has no tax code."),
    fix=_("Add the rate to the tax codes in the settings of the connection. Then select Check again."),
)
CHANGES_REJECTED = IssueType(
    "changes_rejected",
    title=_("Changes of the order rejected"),
    message=_("{platform} did not take these changes: {changes}. It gave this reason: {reason}"),
    fix=_("Make the changes in {platform} by hand, or undo them in {source}. Then select Check again."),
    docs="orders.md",
)
REFUND_REJECTED = IssueType(
    "refund_rejected",
    title=_("Refund rejected"),
    message=_("{platform} rejected refund {refund} of the order: {reason}"),
    fix=_("Correct what the reason names in {platform}. Then select Check again."),
    docs="orders.md",
)
REFUND_TOTAL_DIFFERS = IssueType(
    "refund_total_differs",
    title=_("Refund differs at the target"),
    message=_("{platform} computed {total} {currency} for refund {refund}; {expected} {currency} were refunded."),
    fix=_("Compare the refund in {platform} and in {source}."),
    blocking=False,
    docs="orders.md",
)
REFUND_AMOUNT_LEFT_OUT = IssueType(
    "refund_amount_left_out",
    title=_("Refunded amount left out"),
    message=_("A refund of {amount} {currency} belongs to no order line, and {platform} has no item for it."),
    fix=_("Enter the SKU of an item in “Item for lines without SKU” in the settings of the connection."),
    blocking=False,
    docs="orders.md",
)
REFUND_NOT_SENT = IssueType(
    "refund_not_sent",
    title=_("Refund not sent"),
    message=_("{amount} {currency} of refund {refund} are not in {platform}."),
    fix=_("Choose in the settings of the connection what refunds become, or book the amount in {platform} by hand."),
    blocking=False,
    docs="orders.md",
)
SHIPPED_IN_VAIN = IssueType(
    "shipped_in_vain",
    title=_("Shipped, but no longer ordered"),
    message=_(
        "{platform} has shipped {quantity} of {sku} that the order no longer has. {source} has no refund for them."
    ),
    fix=_("Refund the items in {source}, or book their return in {platform} by hand."),
    blocking=False,
    docs="orders.md",
)
REFUNDS_NOT_READABLE = IssueType(
    "refunds_not_readable",
    title=_("Refunds cannot be read"),
    message=_("{platform} does not let SyncCenter read the refunds of this order."),
    fix=_("Give the integration in {platform} the right to read credit memos. Then start a full sync of the orders."),
    blocking=False,
    docs="platforms/magento.md",
)
ORDER_CURRENCY_UNKNOWN = IssueType(
    "order_currency_unknown",
    title=_("Currency not mapped"),
    message=_("The order is in {currency}, which has no internal ID for {platform}."),
    fix=_("Add {currency} to the currencies in the settings of the connection. Then select Check again."),
)
ORDER_STATE_UNKNOWN = IssueType(
    "order_state_unknown",
    title=_("Unknown order status"),
    message=_("The status “{state}” is not a standard status of {platform}. The order is treated as pending."),
    fix=_("Ask the administrator of {platform} what the status means."),
    blocking=False,
)
STATUS_REJECTED = IssueType(
    "status_rejected",
    title=_("Order status rejected"),
    message=_("{platform} rejected the order status: {reason}"),
    fix=_("Compare the order lines in SyncCenter and in {platform}. Then select Check again."),
)
ORDER_NOT_REMOVABLE = IssueType(
    "order_not_removable",
    title=_("Order cannot be deleted"),
    message=_("{platform} does not let SyncCenter delete orders."),
    fix=_("Delete the order in {platform} if it should not be there."),
)
ORDER_ID_DIFFERS = IssueType(
    "order_id_differs",
    title=_("Order exists under another ID"),
    message=_("{platform} already has the order {number} under another ID."),
    fix=_("Compare the ID of the order in {source} with the one in {platform}."),
)
ORDER_UNKNOWN = IssueType(
    "order_unknown",
    title=_("Shipment of an unknown order"),
    message=_("{platform} shipped items of order {order}, which SyncCenter did not send to it."),
    fix=_("Find out where the order came from. The next full sync looks for it again."),
    blocking=False,
)
SHIPMENT_ITEM_UNKNOWN = IssueType(
    "shipment_item_unknown",
    title=_("Shipment contains unknown lines"),
    message=_("Shipment {shipment} contains lines that the order does not have: {lines}."),
    fix=_("Check the shipments of the order in {source}."),
    blocking=False,
)
SHIPMENT_REJECTED = IssueType(
    "shipment_rejected",
    title=_("Shipment rejected"),
    message=_("{platform} rejected the shipment: {reason}"),
    fix=_("Compare the shipments of the order in {platform} and in SyncCenter. Then select Check again."),
)
SHIPMENT_WITHOUT_NUMBER = IssueType(
    "shipment_without_number",
    title=_("Shipment cannot be identified"),
    message=_("A shipment has neither an ID nor a tracking number."),
    fix=_("Add a tracking number in {source}."),
)
TRACKING_MISSING = IssueType(
    "tracking_missing",
    title=_("Carrier or tracking number missing"),
    message=_("{name} was shipped, but the carrier or the tracking number is missing."),
    fix=_("Add carrier and tracking number to the shipment in {source}."),
)
CUSTOMER_NAME_MISSING = IssueType(
    "customer_name_missing",
    title=_("Customer name missing"),
    message=_("The customer has neither a company nor a last name. {platform} requires one of them."),
    fix=_("Add a company or a last name in {source}."),
)
CUSTOMER_INCOMPLETE = IssueType(
    "customer_incomplete",
    title=_("Customer incomplete"),
    message=_("Required by {platform}, but missing: {missing}."),
    fix=_("Complete the customer in {source}."),
)
CUSTOMER_FIELD_UNKNOWN = IssueType(
    "customer_field_unknown",
    title=_("Customer group or attribute missing at the target"),
    message=_("{platform} has no {what} “{name}”. The customer was saved without it."),
    fix=_("Create it in {platform}, or correct its name in {source} or in the field mapping of the connection."),
    blocking=False,
)
CUSTOMER_EMAIL_IN_USE = IssueType(
    "customer_email_in_use",
    title=_("Email belongs to another customer"),
    message=_(
        "Customer {customer} has the same email address as customer {holder}, who has the account in {platform}. The "
        "account stays with customer {holder}."
    ),
    fix=_("Merge customers {customer} and {holder} in {source}, or give one of them another email address."),
)
CUSTOMER_MISSING = IssueType(
    "customer_missing",
    title=_("Customer missing at the target"),
    message=_("{platform} does not have the customer of this order."),
    fix=_(
        "Enable the customer export to {platform}, or set a guest customer in the connection. Then select Check again."
    ),
)
CUSTOMER_NOT_READY = IssueType(
    "customer_not_ready",
    title=_("Order waits for its customer"),
    message=_("{platform} does not have the customer of this order yet. The order is sent once it has."),
    fix=_(
        "Check that the customer is imported from {source} without issues, is enabled for B2B if {platform} requires "
        "it, and is exported to {platform}."
    ),
    docs="orders.md",
)
PARENT_CUSTOMER_MISSING = IssueType(
    "parent_customer_missing",
    title=_("Parent account missing"),
    message=_("The parent account, customer {customer}, has not been imported yet."),
    fix=_("Check why customer {customer} is not imported. The next full sync looks for it again."),
    blocking=False,
)
EMAIL_MISSING = IssueType(
    "email_missing",
    title=_("Email missing"),
    message=_("The customer has no email address."),
    fix=_("Add an email address in {source}."),
    blocking=False,
)
