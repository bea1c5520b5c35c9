"""Action plans: what should happen to confirmed duplicates, worked out and shown before it does."""
