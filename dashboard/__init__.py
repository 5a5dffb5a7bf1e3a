"""The merchant dashboard: its pages read from several apps, so they have an app of their own."""
