"""Which datasets of the DQM GUI belong to which of ours."""
