"""The sealed history: sealing, keys, proofs, and finding what was altered."""
