"""What the pullers remember between pulls."""
