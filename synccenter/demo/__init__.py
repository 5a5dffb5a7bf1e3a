"""The demo: two sellers with simulated shops, search engines and a B2B storefront, and an end-to-end scenario."""
