"""Rules as a person writes them: their text, the same as a tree, and the words there are."""
