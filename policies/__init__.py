"""Pure decisions: they get the inventory and the settings and say what to do; they touch nothing."""
