"""Tables of runs and datasets: paged by the server, one widget for both."""
