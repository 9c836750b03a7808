"""Bringing in what OMS and the DQM GUI say."""
