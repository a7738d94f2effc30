"""Many experiments, on this machine or on several, with Ray: ``python -m tools.sweep --help``."""
