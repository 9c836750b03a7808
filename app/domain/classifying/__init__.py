"""The automatic classifiers, run on what OMS gives or on what is recorded."""
