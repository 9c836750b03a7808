"""One file per revision of the schema `desk`; `OwnSchema` reads the numbers from the names."""
