"""One module per outside program, typed in and out, silent."""
