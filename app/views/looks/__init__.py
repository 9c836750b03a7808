"""How everything looks and reads: colours and icons, words and figures, ages, the screen."""
