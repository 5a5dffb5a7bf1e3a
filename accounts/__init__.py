"""Who may do what: users (e-mail log-in), sellers, memberships, API keys, the audit trail."""
