#!/usr/bin/env python3
"""load_exports.py WHYPROF TRACE.out...: loads what `whyprof export` writes where it is to be
read: every dialect in Chromium's own trace viewer (as golang's source brings it, since
Chromium itself has dropped chrome://tracing), and the one for speedscope in speedscope.
No warning may be shown, and what the page made of the file must be what the file and the
trace have. Exit status 77 where a browser or a page is missing."""
import collections
import decimal
import glob
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from chromium import Chromium  # noqa: E402

DIALECTS = ["chrome", "perfetto", "speedscope"]
checks = 0


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def check(what, good, *rest):
    global checks
    if not good:
        sys.exit(f"FAILED: {what}: " + " ".join(map(str, rest)))
    checks += 1


def find_viewer():
    found = sorted(glob.glob("/usr/share/go-*/src/cmd/trace/static/trace_viewer_full.html"))
    return os.path.dirname(found[-1]) if found else skip("no trace viewer: install golang-src")


def find_speedscope():
    places = [os.environ.get("SPEEDSCOPE", "")]
    try:
        places.append(subprocess.run(["npm", "root", "-g"], capture_output=True,
                                     text=True).stdout.strip() + "/speedscope")
    except FileNotFoundError:
        pass
    for place in places:
        if os.path.isfile(place + "/dist/release/index.html"):
            return place + "/dist/release"
    return skip("speedscope is not installed: make deps-browser")


class Server:
    """Some folders and one changing file, on a loopback port."""

    def __init__(self, folders):
        self.trace = ""
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def translate_path(self, path):
                path = path.split("?")[0].split("#")[0].lstrip("/")
                if path == "trace.json":
                    return outer.trace
                folder, _, rest = path.partition("/")
                return os.path.join(folders.get(folder, "/nonexistent"), os.path.normpath(rest))

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


def wait_for(browser, page, expression, seconds=120):
    for _ in range(seconds * 5):
        if browser.evaluate(page, expression):
            return
        time.sleep(0.2)
    sys.exit(f"FAILED: nothing was shown in {seconds} s; {browser.problems}")


# -- what the file has

def read_json(path):
    with open(path, encoding="utf-8") as f:
        trace = json.load(f, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    return trace if isinstance(trace, dict) else {"traceEvents": trace}


def count_events(trace):
    """By what the viewer makes of a phase."""
    events = trace["traceEvents"]
    made = {"X": "slices", "B": "slices", "i": "instants", "I": "instants", "C": "counters",
            "P": "samples", "s": "flows", "b": "async", "n": "async", "S": "async"}
    counts = collections.Counter(made[e["ph"]] for e in events if e["ph"] in made)
    counts["samples"] += len(trace.get("samples", []))
    counts["T"] = sum(e["ph"] == "T" for e in events)
    counts["rows"] = len({(int(e["pid"]), int(e["tid"])) for e in events if e["ph"] in "XBiI"})
    return counts


def check_numbers(name, events):
    """All times are whole ns, as Decimal reads them."""
    broken = [e for e in events for key in ("ts", "dur")
              if key in e and e[key] * 1000 != (e[key] * 1000).to_integral_value()]
    check(f"{name}: times are whole ns", not broken, broken[:3])


# -- what the pages make of it

MODEL = """(() => {
  const counts = {slices: 0, instants: 0, samples: 0, counters: 0, async: 0, rows: 0};
  const ids = new Set();
  for (const thread of traceModel.getAllThreads()) {
    const slices = thread.sliceGroup.slices;
    counts.slices += slices.filter(s => !s.didNotFinish && s.duration !== undefined).length;
    counts.async += thread.asyncSliceGroup.slices.length;
    if (slices.length) ids.add(thread.parent.pid + ':' + thread.tid);
  }
  for (const process of traceModel.getAllProcesses()) {
    counts.instants += process.instantEvents.length;
    for (const name in process.counters) {
      const counter = process.counters[name];
      counts.counters += counter.timestamps.length;
    }
  }
  counts.samples = traceModel.samples.length;
  counts.flows = traceModel.flowEvents.length;
  counts.rows = ids.size;
  counts.unfinished = 0;
  for (const thread of traceModel.getAllThreads())
    counts.unfinished += thread.sliceGroup.slices.filter(s => s.didNotFinish).length;
  counts.warnings = traceModel.importWarnings.map(w => w.type + ': ' + w.message);
  counts.dialogs = document.querySelectorAll('tr-ui-b-overlay, .overlay, dialog[open]').length;
  return counts;
})()"""


def load_in_viewer(browser, server, name, path):
    trace = read_json(path)
    check_numbers(name, trace["traceEvents"])
    want = count_events(trace)
    server.trace = path
    browser.problems.clear()
    page = open_viewer(browser, server)
    failure = browser.evaluate(page, "window.traceFailure || ''")
    check(f"{name} is imported", not failure, failure)
    got = browser.evaluate(page, MODEL)
    # Perfetto's thread states (ph T) were something else in Chromium's format, once
    strange = [w for w in got["warnings"] if "(ph: S, T, p, or F) require an id" not in w]
    check(f"{name}: no warning", not strange, strange[:5])
    check(f"{name}: T is Perfetto's alone", len(got["warnings"]) == want["T"], got["warnings"][:1])
    check(f"{name}: no slice is left open", not got["unfinished"], got["unfinished"])
    # an instant of a thread is a slice without length there
    check(f"{name}: every slice and instant", got["slices"] + got["instants"] ==
          want["slices"] + want["instants"], got, dict(want))
    for what in ("samples", "counters", "flows", "async"):
        check(f"{name}: every one of {what}", got[what] == want[what], got, dict(want))
    check(f"{name}: every row", got["rows"] == want["rows"], got, dict(want))
    check(f"{name}: no script error", not script_errors(browser), script_errors(browser))
    print(f"{name}: {len(trace['traceEvents'])} events, {got['rows']} rows, {got['flows']} flows, "
          f"{got['samples']} samples: no warning")


FAILURES = "fail|error|wrong"
TRIVIAL = '[{"name": "a", "ph": "X", "ts": 0, "dur": 1, "pid": 1, "tid": 1}]'
own_problems = set()


def script_errors(browser):
    """But for what a page says of itself in a browser of today, whatever it loads."""
    return [p for p in browser.problems if p not in own_problems and not p.startswith("[.WebGL")]


def learn_own_problems(browser, server, folder):
    server.trace = os.path.join(folder, "trivial.json")
    with open(server.trace, "w", encoding="utf-8") as f:
        f.write(TRIVIAL)
    open_viewer(browser, server)
    open_speedscope(browser, server)
    own_problems.update(browser.problems)


def open_viewer(browser, server):
    page = browser.open(server.url + "page/viewer.html")
    wait_for(browser, page, "!!(window.traceModel || window.traceFailure)")
    return page


def open_speedscope(browser, server):
    page = browser.open(server.url + "speedscope/index.html#profileURL=" + server.url +
                        "trace.json&title=trace")
    wait_for(browser, page, f"/Left Heavy|{FAILURES}/i.test(document.body?.innerText ?? '')")
    return page


def load_in_speedscope(browser, server, name, path):
    rows = count_events(read_json(path))["rows"]
    server.trace = path
    browser.problems.clear()
    page = open_speedscope(browser, server)
    text = browser.evaluate(page, "document.body.innerText")
    check(f"{name} is imported", not re.search(FAILURES, text, re.I), text)
    check(f"{name}: a profile for each row ({rows})",
          rows == 1 or f"/{rows})" in text.replace(" ", ""), text[:300])
    check(f"{name}: no dialog or error", not script_errors(browser), script_errors(browser))
    print(f"{name}: {rows} profiles in speedscope: no warning")


def main():
    whyprof, *traces = sys.argv[1:]
    if subprocess.run(["sh", "-c", "command -v chromium"], capture_output=True).returncode:
        skip("chromium is not installed: make deps-browser")
    server = Server({"viewer": find_viewer(), "speedscope": find_speedscope(), "page": HERE})
    browser = Chromium()
    try:
        with tempfile.TemporaryDirectory() as folder:
            learn_own_problems(browser, server, folder)
            for trace in traces:
                for dialect in DIALECTS:
                    name = f"{os.path.basename(trace)} for {dialect}"
                    path = os.path.join(folder, dialect + ".json")
                    subprocess.run([whyprof, "export", trace, "-o", path, "--for=" + dialect],
                                   check=True)
                    load_in_viewer(browser, server, name, path)
                    if dialect == "speedscope":
                        load_in_speedscope(browser, server, name, path)
    finally:
        browser.close()
    print(f"{checks} passed, 0 failed")


main()
