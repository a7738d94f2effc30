"""The stage ``train``: one model, from its settings and the images."""
