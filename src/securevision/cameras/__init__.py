"""Frame sources by scheme, and the demo clip."""
