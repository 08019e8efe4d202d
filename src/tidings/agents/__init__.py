"""What the four agents share: goal, settings, tools, memory, decisions, and the policy that guards every effect."""
