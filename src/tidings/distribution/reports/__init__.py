"""What providers report by webhook: checked, understood, and given its effect. One file a provider."""
