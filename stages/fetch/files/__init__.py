"""What reads labelled images from files."""
