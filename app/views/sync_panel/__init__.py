"""The sync panel: what the puller does now, and the runs it could not pull."""
