"""The stage ``fetch``: labelled images from the network, or from files of one's own."""
