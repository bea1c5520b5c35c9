"""Groups of pictures that belong together, as people judge them."""
