"""The versioned configuration: what is in force, its items and versions, and who may do what."""
