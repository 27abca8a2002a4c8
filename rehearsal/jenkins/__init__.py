"""A stand-in for a Jenkins controller: same home on disk, same network behaviour, no Java. See README.md."""
