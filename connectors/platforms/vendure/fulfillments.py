"""What fulfillments of orders have in common, whether they are read or written."""

# Of the states of a fulfillment, those in which the goods have left.
HANDED_OVER = ("Shipped", "Delivered")
# The prefix before the ID of a fulfillment that was imported, so that it is not sent back.
VENDURE_ID_PREFIX = "vendure-"
