#!/usr/bin/env python
"""Django's command line for SyncCenter: `./dev manage COMMAND`."""

import os
import sys

from synccenter import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    embedded.ensure_for(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
