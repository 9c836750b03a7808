"""Machines as authors: registered, their proposals decided on and compared with people."""
