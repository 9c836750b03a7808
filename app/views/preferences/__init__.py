"""The settings of the program, looked at and changed."""
