"""Which pictures may be the same, by their codes alone."""
