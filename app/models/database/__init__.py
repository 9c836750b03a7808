"""The database itself: connections, the shared schema, our own schema, locks and news."""
