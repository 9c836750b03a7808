"""Everything SQL: the shared event tables, our own schema, the embedded server."""
