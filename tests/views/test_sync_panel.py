"""The sync panel: what the puller does, in words; asking for pulls."""
