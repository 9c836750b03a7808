"""States of runs, datasets and cycles, the tools over many datasets, and what is left to do."""
