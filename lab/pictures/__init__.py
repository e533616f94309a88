"""The pictures of the documentation: terminals in which real commands ran on the lab."""
