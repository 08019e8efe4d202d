"""The tools of the four agents. They stand here, above the agents, because they are use cases of campaigns."""
