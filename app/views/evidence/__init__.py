"""Evidence beside the grid: histograms of the DQM GUI, and rows of what OMS measured."""
