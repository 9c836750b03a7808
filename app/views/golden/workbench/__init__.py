"""Trying a rule over datasets: the list it makes, and what each change of it costs."""
