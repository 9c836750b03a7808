"""Offline datasets: what is chosen of them, tools over many, links to where else they are."""
