"""The HTTP door: what the clients of the web service ask for, answered by the services."""
