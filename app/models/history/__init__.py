"""Events read with the action behind each, and the log over all of them."""
