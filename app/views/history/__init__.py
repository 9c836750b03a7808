"""What happened, what was when, and taking it back: panel, dialogs, comparison."""
