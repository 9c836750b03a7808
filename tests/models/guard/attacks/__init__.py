"""Attacks on a guarded database in plain SQL: who tries what, and what the refusal says."""
