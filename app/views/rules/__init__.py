"""Rules: written as text or as a tree, and looked at with the values they met."""
