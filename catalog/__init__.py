"""What sellers sell: categories, brands, products, variants, stock, price lists, images."""
