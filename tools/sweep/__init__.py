"""Many experiments, on this machine or on several, by Ray: ``python -m tools.sweep --help``."""
