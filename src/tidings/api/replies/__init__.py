"""What people answered, over HTTP."""
