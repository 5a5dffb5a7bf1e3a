"""Real servers behind the adapters, installed from package registries, for tests and the demo."""
