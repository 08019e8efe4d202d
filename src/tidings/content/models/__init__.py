"""The language models somebody configured: added, examined, licensed, budgeted, asked."""
