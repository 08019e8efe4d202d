"""One file a page or group of pages; each is a router of plain functions."""
