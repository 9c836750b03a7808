"""The frame of the window: places, menus, palette, status bar, and the start of Qt."""
