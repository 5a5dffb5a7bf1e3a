"""The catalog: categories, brands, products, variants, stock, price lists and images."""
