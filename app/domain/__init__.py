"""The rules of data certification, pure: no database, no network, no window."""
