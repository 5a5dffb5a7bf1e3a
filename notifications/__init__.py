"""What reaches each person: issues, failures, absence, copies; at once or as a daily digest; by email or chat (A4)."""
