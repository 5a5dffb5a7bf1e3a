"""Receives webhooks: verifies calls, stores each event once and answers at once. The engine processes the events."""
