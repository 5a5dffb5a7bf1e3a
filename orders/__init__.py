"""Customers and orders with their lines, shipments and addresses."""
