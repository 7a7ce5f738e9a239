"""``python -m lms`` is the command ``lms``."""

from lms.cli import main

main()
