"""Events from platforms: verified, stored once, answered in milliseconds; the engine processes them."""
