"""What CI runs, for people to run too: see .github/workflows and `make help`."""
