"""The only place that constructs edges."""
