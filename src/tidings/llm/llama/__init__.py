"""Language models on this machine without any service: a GGUF file run by llama.cpp in a child process."""
