"""Users (email login), sellers, memberships, API keys and the audit log."""
