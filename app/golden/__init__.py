"""From folded state to golden JSON, columnar and pure."""
