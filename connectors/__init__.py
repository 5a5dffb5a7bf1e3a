"""The engine and the adapters: everything that talks to a platform."""
