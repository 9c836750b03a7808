"""Commands on the configuration: its items, versions, workspaces and trials."""
