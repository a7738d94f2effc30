"""What only the training of a model needs."""
