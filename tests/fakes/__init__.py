"""In-memory implementations of the ports on virtual time, for whole upgrades in milliseconds."""
