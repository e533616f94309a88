"""Run vmstore with its lines of progress every two seconds, so that a short run makes enough claims to be measured.

Only how often they come is changed, not what they say.
"""

from vmstore import ui_progress
from vmstore.__main__ import main

EVERY = 2.0

if __name__ == "__main__":
    ui_progress.LINE_EVERY = EVERY
    main()
