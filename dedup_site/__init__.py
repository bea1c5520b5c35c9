"""Second Look: people review duplicate pictures before anything happens to a file."""
