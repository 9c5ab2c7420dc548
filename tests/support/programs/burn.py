"""Burns a CPU for so many seconds: a neighbour that measures nothing. `burn.py SECONDS`."""

import sys
import time

end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    pass
