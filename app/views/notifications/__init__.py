"""What others did and what waits: the bell, the tray, the list *What happened*."""
