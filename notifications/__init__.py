"""What each person is notified about, immediately or in a daily digest, by email or chat (A4)."""
