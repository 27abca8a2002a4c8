"""The sections of the configuration file, one module each; :mod:`bot.config` puts them together and reads it."""
