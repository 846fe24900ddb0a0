"""A headless Chromium that is spoken to through two pipes (DevTools protocol)."""
import json
import os
import select
import shutil
import subprocess
import tempfile


class Chromium:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="whyprof-browser-")
        to_read, self.to = os.pipe()
        self.answers, to_write = os.pipe()
        self.number, self.rest = 0, b""
        self.problems = []  # what pages threw or logged as errors or warnings
        self.child = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "sh", "chromium", "--headless",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)

    def receive(self, timeout_s):
        while b"\0" not in self.rest:
            if not select.select([self.answers], [], [], timeout_s)[0]:
                raise TimeoutError("Chromium does not answer")
            data = os.read(self.answers, 1 << 20)
            if not data:
                raise EOFError("Chromium ended")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def take_event(self, message):
        params = message.get("params", {})
        method = message.get("method")
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(a.get("value", a.get("description")))
                                          for a in params["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.problems.append("dialog: " + params["message"])

    def call(self, method, session=None, timeout_s=120, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(timeout_s)
            if answer.get("id") != self.number:
                self.take_event(answer)
                continue
            if "error" in answer:
                raise RuntimeError(answer["error"]["message"])
            return answer["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.call(domain + ".enable", session)
        self.call("Page.navigate", session, url=url)
        return session

    def evaluate(self, session, expression):
        """The value of an expression, of a promise when it is fulfilled."""
        answer = self.call("Runtime.evaluate", session, expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def close(self):
        try:
            self.call("Browser.close", timeout_s=10)
            self.child.wait(10)
        except Exception:
            self.child.kill()
            self.child.wait()
        os.close(self.to)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)
