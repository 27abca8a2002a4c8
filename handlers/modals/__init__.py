"""Forms: opened by a command without arguments, a button or a shortcut; checked in place when they are submitted."""
