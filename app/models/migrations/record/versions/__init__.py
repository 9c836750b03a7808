"""One file per revision of the schema `record`; `OwnSchema` reads the numbers from the names."""
