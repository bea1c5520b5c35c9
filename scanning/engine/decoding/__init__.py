"""From untrusted bytes to upright, plain pixels, in a child process with limits."""
