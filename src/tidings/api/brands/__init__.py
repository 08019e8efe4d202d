"""Brands and their claims over HTTP."""
