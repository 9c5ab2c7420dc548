"""Which requests are kept to be looked at, and what of them is hidden? Pure."""
