"""Plan work and carry it out: planners are pure, steps know their commands, the engine runs and checks them."""
