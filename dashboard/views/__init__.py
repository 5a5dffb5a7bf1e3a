"""Pages: parse what was asked, make one domain call, show the answer."""
