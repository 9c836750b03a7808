"""HTTP: the OMS client, the pull loop and its election."""
