"""Pages for a browser, made here whole: they need no script and load nothing from elsewhere."""
