"""The stage ``evaluate``: how good a trained model is on the test images."""
