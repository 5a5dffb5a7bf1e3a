"""What the apps share: base classes of the admin console, errors and pagination of the REST API, storable text."""
