"""Past runs: their figures, and whether a service has become worse."""
