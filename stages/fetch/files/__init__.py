"""Readers of labelled images from files."""
