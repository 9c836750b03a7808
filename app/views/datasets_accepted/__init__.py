"""Accepted datasets: which datasets of the DQM GUI belong to ours."""
