"""What forbids acting upon a file: holds and retention."""
