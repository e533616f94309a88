"""What the admin may type: one file per verb. Imports of a verb wait until it runs, so that help is quick."""
