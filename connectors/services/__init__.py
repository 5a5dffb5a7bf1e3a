"""Changes to connections and their jobs, and what users and platforms can start."""
