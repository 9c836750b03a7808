"""Everything that can be done: menus, palette, help, and what the window itself does."""
