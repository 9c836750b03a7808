"""The actions there are: what each writes, at which path, and what has to be true before."""
