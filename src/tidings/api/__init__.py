"""The REST face: translates HTTP into use cases and back. It decides nothing; the services check every right."""
