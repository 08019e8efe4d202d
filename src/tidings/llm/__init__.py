"""Language models: what one is, the providers, and the router that decides which may see a prompt."""
