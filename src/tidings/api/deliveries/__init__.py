"""Deliveries over the API."""
