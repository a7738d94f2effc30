"""Numbers from labels and probabilities, and how models compare."""
