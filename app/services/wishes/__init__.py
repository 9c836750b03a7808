"""Wishes: what people asked pullers for, and the pullers that do it."""
