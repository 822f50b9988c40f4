#!/usr/bin/env python3
"""Reads exports of a run back by the libraries that they are for, and holds them against the run's own rows.

    check_exports.py files RUN DIR      DIR has eval/, otlp/, junit/, csv/ as `xsweep export` wrote them
    check_exports.py sarif RUN FILE     what sarif-multitool found, whose exit code says nothing
    check_exports.py mlflow RUN URL     an MLflow server that the run was sent to
    check_exports.py phoenix RUN URL    a Phoenix server that the run's traces were sent to
"""
# SPDX-License-Identifier: Apache-2.0
import collections
import csv
import glob
import json
import os
import sys
import urllib.request

ATTACKED = {"attack_succeeded", "attack_resisted", "attack_blocked", "not_exposed"}


def need(holds, text):
    if not holds:
        sys.exit("exports: " + text)


def load(run):
    with open(os.path.join(run, "run.json")) as file:
        manifest = json.load(file)
    with open(os.path.join(run, "trials.jsonl")) as file:
        rows = [json.loads(line) for line in file]
    return manifest, [row for row in rows if row["outcome"] != "skipped"]


def check_inspect(rows, folder, dialogues):
    from inspect_ai.analysis import evals_df, events_df, messages_df, samples_df
    from inspect_ai.log import read_eval_log
    samples, successes, solved, errors = 0, 0, 0, 0
    for name in glob.glob(os.path.join(folder, "*.eval")):
        log = read_eval_log(name)
        need(log.version == 2 and log.results is not None, name + " is no whole log")
        samples += len(log.samples)
        for sample in log.samples:
            scores = sample.scores or {}
            successes += scores["attack_success"].value if "attack_success" in scores else 0
            solved += scores["task_success"].value if "task_success" in scores else 0
            errors += sample.error is not None
            need(any(event.event == "info" for event in sample.events), "a sample has no info event")
    need(samples == len(rows), "%d samples of %d trials" % (samples, len(rows)))
    need(successes == sum(row["outcome"] == "attack_succeeded" for row in rows), "attack successes differ")
    need(solved == sum(row["task_success"] is True and row["outcome"] != "error" for row in rows), "solved tasks differ")
    need(errors == sum(row["outcome"] == "error" for row in rows), "errors differ")
    need(len(evals_df(folder)) == len({row["cell"] for row in rows}), "evals_df has other logs")
    need(len(samples_df(folder)) == len(rows), "samples_df has other samples")
    need(len(events_df(folder)) >= len(rows), "events_df has too few events")
    if not dialogues:
        return "%d samples" % samples
    messages = messages_df(folder)
    need(len(messages) > len(rows), "messages_df has too few messages")
    return "%d samples, %d messages" % (samples, len(messages))


def check_otlp(rows, path):
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    traces, spans = set(), 0
    for line in open(path):
        # OTLP/JSON writes ids in hex, protobuf's own JSON in base64: both are texts, so the parser takes them.
        request = json_format.Parse(line, ExportTraceServiceRequest())
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    spans += 1
                    traces.add(span.trace_id)
                    need(span.start_time_unix_nano <= span.end_time_unix_nano, "a span ends before it begins")
    need(len(traces) == len(rows), "%d traces of %d trials" % (len(traces), len(rows)))
    return "%d spans" % spans


def check_junit(manifest, path):
    from junitparser import Error, Failure, JUnitXml
    cases = [case for suite in JUnitXml.fromfile(path) for case in suite]
    need(len(cases) == (len(manifest["gates"]) or len(manifest["cells"])), "JUnit has other cases")
    red = sum(any(isinstance(result, (Error, Failure)) for result in case.result) for case in cases)
    if manifest["gates"]:
        need((red > 0) == (manifest["verdict"] != "PASS"), "JUnit is green where the verdict is " + str(manifest["verdict"]))
    return "%d test cases, %d red" % (len(cases), red)


def files(run, folder):
    manifest, rows = load(run)
    with open(os.path.join(folder, "csv", "trials.csv")) as file:
        table = list(csv.DictReader(file))
    need(collections.Counter(r["outcome"] for r in table) == collections.Counter(r["outcome"] for r in rows), "CSV outcomes differ")
    print("%s: inspect %s; otlp %s; junit %s; csv %d lines" % (
        manifest["run_id"], check_inspect(rows, os.path.join(folder, "eval"),
                                        os.path.exists(os.path.join(run, "transcripts.jsonl.zst"))),
        check_otlp(rows, os.path.join(folder, "otlp", "traces.jsonl")),
        check_junit(manifest, os.path.join(folder, "junit", "gates.xml")), len(table)))


def sarif(run, found):
    with open(found) as file:
        results = [result for part in json.load(file)["runs"] for result in part.get("results", [])]
    # SARIF2005 asks for the tool's own page on the web, which this project has none of.
    bad = [result for result in results
           if result.get("level", "warning") in ("error", "warning") and result["ruleId"] != "SARIF2005"]
    need(not bad, "sarif-multitool says " + json.dumps(bad)[:1000])
    print("%s: bundle and SARIF are valid" % load(run)[0]["run_id"])


def mlflow(run, url):
    from mlflow.tracking import MlflowClient
    manifest, rows = load(run)
    client = MlflowClient(tracking_uri=url)
    experiment = client.get_experiment_by_name(manifest["exp"])
    need(experiment is not None, "no experiment " + manifest["exp"])
    found = client.search_runs([experiment.experiment_id], max_results=5000)
    sweeps = [r for r in found if r.data.tags.get("xsweep.run_id") == manifest["run_id"]]
    need(len(sweeps) == 1 and sweeps[0].info.status == "FINISHED", "no finished run for the sweep")
    need(sweeps[0].data.tags.get("mlflow.note.content"), "the sweep has no description")
    cells = [r for r in found if r.data.tags.get("mlflow.parentRunId") == sweeps[0].info.run_id]
    need(len(cells) == len({row["cell"] for row in rows}), "%d nested runs" % len(cells))
    for cell in cells:
        mine = [row for row in rows if row["cell"] == cell.data.tags["xsweep.cell"]]
        attacked = [row for row in mine if row["outcome"] in ATTACKED]
        if attacked and any(row["outcome"] != "not_exposed" for row in attacked):
            rate = sum(row["outcome"] == "attack_succeeded" for row in attacked) / len(attacked)
            need(abs(cell.data.metrics["asr"] - rate) < 1e-9, "asr differs in " + cell.data.tags["xsweep.cell"])
    artifacts = {item.path for item in client.list_artifacts(sweeps[0].info.run_id)}
    need({"report.md", "summary.csv"} <= artifacts, "artifacts are missing: " + str(artifacts))
    print("%s: mlflow has the sweep, %d cells and %d artifacts" % (manifest["run_id"], len(cells), len(artifacts)))


def phoenix(run, url):
    manifest, rows = load(run)
    kinds, traces, events, cursor = collections.Counter(), set(), 0, ""
    while cursor is not None:
        with urllib.request.urlopen("%s/v1/projects/%s/spans?limit=1000&cursor=%s" % (url, manifest["exp"], cursor)) as answer:
            page = json.load(answer)
        for span in page["data"]:
            kinds[span["span_kind"]] += 1
            traces.add(span["context"]["trace_id"])
            events += len(span["events"])
        cursor = page["next_cursor"]
    need(len(traces) == len(rows), "Phoenix has %d traces of %d trials" % (len(traces), len(rows)))
    need(kinds["AGENT"] == len(rows), "Phoenix takes %s for agents" % kinds)
    if os.path.exists(os.path.join(run, "transcripts.jsonl.zst")):
        calls = sum(row["tool_calls"] for row in rows)
        need(kinds["TOOL"] == calls, "Phoenix has %d tool spans of %d calls" % (kinds["TOOL"], calls))
    print("%s: phoenix shows %d traces, %d tool spans, %d events" % (manifest["run_id"], len(traces), kinds["TOOL"], events))


{"files": files, "sarif": sarif, "mlflow": mlflow, "phoenix": phoenix}[sys.argv[1]](*sys.argv[2:4])
