"""One file a platform. Adding a platform is adding a file here; docs/adding-a-platform.md shows how."""
