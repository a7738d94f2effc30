"""What the workflow in .github runs."""
