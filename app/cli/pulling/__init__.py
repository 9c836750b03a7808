"""Commands on OMS and the DQM GUI."""
