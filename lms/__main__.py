"""``python -m lms`` is the command ``lms``."""

from lms.cli.main import main

main()
