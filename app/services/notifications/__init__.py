"""What people and teams are told of what others did: looked for, remembered, shown, sent."""
