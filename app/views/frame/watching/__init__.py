"""What the window watches: news of the database, the pullers, the clock."""
