"""The sealed history: leaves, the tree over them, its roots as signed notes, and what is found."""
