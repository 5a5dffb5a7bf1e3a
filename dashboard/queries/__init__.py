"""Read queries of the pages, across apps. The number of queries of a function does not depend on the data."""
