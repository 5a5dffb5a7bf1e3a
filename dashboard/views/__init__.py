"""Views: parse the request, make one domain call, render the result."""
