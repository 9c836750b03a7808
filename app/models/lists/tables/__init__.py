"""The tables of runs and datasets: what is asked, what passes, pages, records."""
