"""Who buys and what they bought: customers, orders, lines, shipments."""
