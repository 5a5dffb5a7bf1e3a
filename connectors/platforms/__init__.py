"""One package per platform. To add a platform, add a package here; docs/adding-a-platform.md shows how."""
