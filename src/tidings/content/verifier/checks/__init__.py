"""One check a file: a function from what is examined to its findings."""
