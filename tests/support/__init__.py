"""What the unit and cli tests stand on: scripted processes, small worlds, and a simulated SAN cluster."""
