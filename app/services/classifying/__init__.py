"""The classifiers: tried, applied again to recorded runs, and explained."""
