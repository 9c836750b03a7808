"""Commands on a whole database and on the connections to them."""
