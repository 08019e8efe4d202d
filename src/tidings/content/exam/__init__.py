"""What a language model may do here is what it has proved: the exam every one takes, and the licence it gives."""
