"""Commands around the pipeline, run as ``python -m tools.NAME``; the Makefile calls them."""
