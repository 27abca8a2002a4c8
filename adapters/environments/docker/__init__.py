"""Instances as containers, each with a volume of its own for its home."""
