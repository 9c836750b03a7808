"""The guard: schema `guard` with who acts, and triggers that judge every row by the login."""
