"""Tables and indexes of the shared schema and of ours: recognised, made and upgraded."""
