"""Whether two pictures are the same, by the pictures themselves."""
