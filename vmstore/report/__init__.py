"""Turn the inventory into what is listed and shown."""
