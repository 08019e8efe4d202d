"""The DNS doctor: what the name servers of a sender's domain and of the relay say, and what they should."""
