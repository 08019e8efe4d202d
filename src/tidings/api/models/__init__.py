"""Language models over HTTP: added, examined, budgeted; and what was asked of them."""
