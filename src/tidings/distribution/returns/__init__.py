"""What comes back: bounces, complaints, automatic answers and replies; read, understood and acted upon."""
