"""The place of the configuration: classifiers, rules, permissions, workspaces."""
