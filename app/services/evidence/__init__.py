"""Evidence beside the flags: histograms of the DQM GUI, and what OMS measures by lumisection."""
