"""The agent that comes with the program: it learns from signed-off runs which lumisections are BAD.

It sees what any script sees, through `run_registry` alone.
"""

NAME = "anomaly"
VERSION = "1"
