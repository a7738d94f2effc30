"""The stage ``compare``: all models side by side."""
