"""The VM agent under each shell that it is written for, with what it calls put in its way."""
