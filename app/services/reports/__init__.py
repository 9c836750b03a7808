"""Reports as of a version: of a shift, for the certification call, of an era; and their pages."""
