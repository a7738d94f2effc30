"""The stage ``report``: the comparison as one page that opens without a server."""
