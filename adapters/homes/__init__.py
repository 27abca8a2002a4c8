"""Homes on a local file system as tar streams; used by every environment that sees the files."""
