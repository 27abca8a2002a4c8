"""The script console: understands the bot's own scripts by name, and answers everything else as a real one answers what it cannot run."""
