"""Starts the service once its knobs are known to be right: `python -m api gunicorn -c api/gunicorn.conf.py`.

gunicorn reads WEB_CONCURRENCY before its configuration, and where that is no number it ends with a traceback.
"""

import os
import sys

from api.settings import SettingsError, read_settings

try:
    read_settings(os.environ)
except SettingsError as error:
    sys.exit(str(error))
os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - it becomes the command it was given, as an entrypoint does
