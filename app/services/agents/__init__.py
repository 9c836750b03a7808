"""Agents: registered, their proposals decided on and compared with people."""
