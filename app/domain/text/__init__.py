"""Text from outside and for outside: harmless, bounded, without secrets; names and patterns."""
