"""What the pages show, read across rooms. Each function costs a fixed number of queries, however much there is."""
