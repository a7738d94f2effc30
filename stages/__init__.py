"""The pipeline's stages: each module here is one stage, run as ``python -m stages.NAME``."""
