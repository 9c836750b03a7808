"""Dialogs: acting, long work, choosing files, and fitting the screen."""
