"""The stage ``report``: the comparison as one page that opens from the disk."""
