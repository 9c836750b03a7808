"""The event log: appending, folding into state, and the projections of both."""
