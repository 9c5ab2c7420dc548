"""junit.xml: the verdict as test cases, for whatever shows those of other tests: one for it, each limit, ledger and swarm.

A run that is INVALID or was interrupted is an error: its limits are skipped, because they were not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from lab import limits, wording
from lab.judging.document import Document
from lab.limits import LimitRow
from lab.results.plain import fit

FILE = "junit.xml"
JUDGED = ("PASS", "FAIL")


def text(document: Document) -> str:
    """The verdict as JUnit XML. Its cases have the same names in every run of a plan with the same limits."""
    suite = TestSuite(fit(f"lab {document['plan']}"))
    suite.timestamp = document["started"].partition("+")[0]
    for name in ("target", "sentence"):
        suite.add_property(name, fit(str(document[name])))
    for case in _cases(document):
        case.classname = f"lab.{fit(document['plan'])}"
        suite.add_testcase(case)
    whole = JUnitXml("load lab")
    whole.add_testsuite(suite)
    whole.update_statistics()
    suite.time = whole.time = document["seconds"]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole.tostring().decode("utf-8")}\n'


def _cases(document: Document) -> Iterator[TestCase]:
    yield _verdict(document)
    for row in document["limits"]:
        yield _limit(row, document)
    yield _ledger(document)
    yield _swarm(document)


def _verdict(document: Document) -> TestCase:
    case = TestCase("verdict")
    sentence = fit(document["sentence"])
    if document["exit_code"] == 0 and document["verdict"] == "PASS":
        case.system_out = sentence
    elif document["verdict"] == "FAIL" and document["complete"]:
        case.result = [Failure(sentence, "FAIL")]
    else:
        case.result = [Error(sentence, document["verdict"] if document["complete"] else "interrupted")]
    return case


def _limit(row: LimitRow, document: Document) -> TestCase:
    case = TestCase(fit(row["text"]))
    limit = limits.parse(row["text"])[0]
    known = row["measured"] is not None
    measured = fit(wording.measured(limit, row["measured"], "was")) if known else "nothing was measured for it"
    if document["verdict"] not in JUDGED:
        case.result = [Skipped(f"not judged, because the run is {document['verdict']}: {measured}")]
    elif row["kept"]:
        case.system_out = measured
    elif not known:
        case.result = [Error(measured, "not measured")]
    else:
        case.result = [Failure(f"{measured} where {fit(wording.accepted(limit))} is accepted", "limit")]
    return case


def _ledger(document: Document) -> TestCase:
    case, ledger = TestCase("ledger"), document["ledger"]
    if ledger is None:
        case.result = [Skipped("no write was named, so none was looked for")]
    elif ledger["not_audited"] or ledger["lost"] is None or ledger["doubled"] is None:
        said = fit(ledger["not_audited"] or "there was no audit")
        kind = Error if ledger.get("audit_due") and ledger["acknowledged"] else Skipped
        case.result = [kind(f"{ledger['acknowledged']:,} acknowledged writes were not audited: {said}", "not audited")]
    elif ledger["lost"] or ledger["doubled"]:
        counts = f"{ledger['lost']:,} lost and {ledger['doubled']:,} doubled"
        case.result = [Failure(f"of {ledger['audited']:,} acknowledged writes, {counts}", "ledger")]
    else:
        case.system_out = f"{ledger['audited']:,} acknowledged writes were found, and each once"
    return case


def _swarm(document: Document) -> TestCase:
    case, swarm = TestCase("swarm"), document["generator"]
    if swarm["believable"] is None:
        case.result = [Skipped("no worker gave account of a judged second")]
    elif swarm["believable"]:
        case.system_out = f"{swarm['workers']} workers, and nothing speaks against what they measured"
    else:
        case.result = [Error(fit(" ".join(swarm["reasons"])), "not believable")]
    return case
