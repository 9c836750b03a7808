"""What a person or the puller can do: one function per action, the only way anything changes."""
