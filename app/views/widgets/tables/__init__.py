"""Tables and trees of plain values, and how what is selected in them is copied."""
