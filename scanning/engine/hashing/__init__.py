"""What is stored of a picture's looks: codes and a small raster."""
