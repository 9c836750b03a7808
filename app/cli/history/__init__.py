"""Commands on what was done: history, log, undo."""
