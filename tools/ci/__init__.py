"""Commands of the workflow in .github."""
