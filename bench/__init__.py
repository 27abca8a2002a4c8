"""Speed, measured by hand and never asserted: `make bench`."""
