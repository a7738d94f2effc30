"""The stage ``configure``: from params.yaml to the settings of each model."""
