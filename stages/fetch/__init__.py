"""The stage ``fetch``: labelled images from the network, or from the user's own files."""
