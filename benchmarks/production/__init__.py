"""A database as large as the real one, made by statements, and what is measured on it."""
