"""One file per revision, numbered; `desk.prepare` reads the numbers from the names."""
