"""From where on the swarm is not believed: every threshold of lab/judging/belief.py, and why it lies there."""

from __future__ import annotations

BUSY_SHARE = 0.9
"""Of what a worker may use of a core, or of its time that it ran or was ready to run without being let. In a queue with
one server the wait grows as 1 / (1 - utilisation): here it is ten times the work itself, and the next answer waits in
the worker and not in the service. Locust itself warns here."""
THROTTLED_SHARE = 0.25
"""Of the periods of its quota in which it was used up: one in four is no burst any more, what it wants is more than it
has."""
STOPWATCH_SHARE = 0.25
"""Of the bound that is judged, by which the stopwatch may be late: 3 ms are nothing to 450 ms, and a third of 10 ms. A
healthy swarm on a small machine that is busy comes to a tenth at times. The lateness is told as the limit tells
response times (at p95), because a single pause is no error of a percentile."""
WAKES = 3
"""How often an answer waits for the event loop, at most: to be sent, to be there, and for those that came before
it."""
STANDSTILL_SHARE = 0.01
"""Of a window in which a worker stood still, for a second or more: its users asked nothing, so that the
load of a whole second and more was not what the step says. A hiccup is shorter, and an hour may have half a minute of
it."""
SILENT_SECONDS = 1.5
"""That a worker with users may leave unaccounted for: its seconds need not begin with the master's, which can cost a
good part of one. More is a report that never came, and the counts in it are missing."""
FILES_FULL_SHARE = 0.05
"""Of its time in which a worker could open no file more: each visit in it that needed a connection failed in the
worker."""
NOT_STARTED_SHARE = 0.01
"""Of the arrivals that were due: a hundredth is the share of failures that is commonly accepted of a service."""
OFFSET_MS = 500.0
"""By which a worker's clock may differ: from here on most of what it counts into a second belongs to another."""
JUMP_MS = 100.0
"""By which a clock may be set at once: time services slew up to about this, and set a clock that is further off."""
WINDOW_SECONDS = 5
"""The shortest step of a plan that is examined by itself; what is shorter is examined with all the others, because a
single hiccup is a good share of it. Steps that a search decides by are examined however short they are."""
NOT_HELD_SECONDS = 30.0
"""For how long the number of users may differ from what it shall be once all were started: workers that were lost are
known to be after 4 s, and their users are with the others some seconds later."""
ANSWERS_PER_CPU_SECOND = 50_000
"""No worker can have asked for more: the leanest client in Python takes four times as much CPU for a request."""
ANSWERS_PER_USER_SECOND = 10_000
"""Nor a single user, who would have a tenth of a millisecond for a request and all of its answer."""
UNREACHED_SHARE = 0.01
"""Of a worker's requests that found no way to what answered others: a hundredth is the share of failures that is
commonly accepted of a service, and these are none of its doing."""
UNREACHED_BY_OTHERS = 0.1
"""Of a worker's share: only workers with less than this part of it say that it is the worker, and not the target."""
UNREACHED_EXPECTED = 10.0
"""So many would be expected of the others, if they failed as often: that none comes by chance is one in 20,000."""
CROWDED_SHARE = 0.05
"""Of the seconds of a step in which others held the service back (lab/service/neighbours.py): as many answers are slow
then as a p95 leaves out."""
CROWDED_SECONDS = 2.0
"""And so many at least: a single second may be a timer of the system."""
