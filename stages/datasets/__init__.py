"""Where images come from: known datasets and their sources, and readers of files of your own."""
