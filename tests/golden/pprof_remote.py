#!/usr/bin/env python3
"""whyprof pprof about profiles by URL, from a web server here; and its shell at a terminal.

usage: pprof_remote.py WHYPROF PPROF-DATA-FOLDER
"""
import http.server, os, pty, re, select, shutil, subprocess, sys, tempfile, threading, time

whyprof, data = [os.path.abspath(a) for a in sys.argv[1:3]]
work = tempfile.mkdtemp()
environment = dict(os.environ, PPROF_TMPDIR=work + '/saved', TZ='UTC', no_proxy='*')
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print('FAILED:', what)


class Handler(http.server.BaseHTTPRequestHandler):
    asked = []

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        Handler.asked.append(self.path)
        path = self.path.split('?')[0]
        if path == '/debug/pprof/profile':
            self.answer(200, open(data + '/in/cpu.pb.gz', 'rb').read())
        elif path == '/bare':
            self.answer(200, b'heap profile: 1: 10 [1: 10] @ heapprofile\n1: 10 [1: 10] @ 0x401005 0x402005\n')
        elif path == '/busy':
            self.answer(500, b'Could not enable CPU profiling', {'X-Go-Pprof': '1', 'Content-Type': 'text/plain'})
        else:
            self.answer(404, b'Unknown profile')

    def do_POST(self):
        text = self.rfile.read(int(self.headers['Content-Length'])).decode()
        Handler.asked.append(self.path + ' ' + text)
        names = ''.join(f'{a} named_{a}\n' for a in text.split('+'))
        self.answer(200, b'num_symbols: 1\n' + names.encode())

    def log_message(self, *ignored):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f'127.0.0.1:{server.server_port}'


def pprof(*arguments):
    run = subprocess.run([whyprof, 'pprof', *arguments], capture_output=True, text=True, env=environment, timeout=30)
    return run.returncode, run.stdout, run.stderr


local = pprof('-top', data + '/in/cpu.pb.gz')[1]
status, out, err = pprof('-top', f'http://{host}/debug/pprof/profile')
check(status == 0 and out == local, 'a profile by URL')
check('Fetching profile over HTTP from http://' in err, err)
saved = re.search(r'Saved profile in (.*)', err)
check(saved and pprof('-top', saved.group(1))[1] == local, 'the saved copy')
check(pprof('-top', f'{host}/debug/pprof/profile')[1] == local, 'host:port/path')
pprof('-top', '-seconds=7', f'http://{host}/debug/pprof/profile?x=1&seconds=3')
check(Handler.asked[-1] == '/debug/pprof/profile?x=1&seconds=7', Handler.asked[-1])
status, out, err = pprof('-top', f'http://{host}/debug/pprof/profile', data + '/in/cpu.pb.gz')
check('2.24s total' in out, 'a URL and a file')
status, out, err = pprof('-top', '-base', f'http://{host}/debug/pprof/profile', data + '/in/cpu.pb.gz')
check(status == 0 and ' 0 total' in out, 'a base by URL')
status, out, err = pprof('-top', f'http://{host}/bare')
check(Handler.asked[-1].startswith('/symbolz 0x') and 'named_0x40' in out, 'names from the server')
status, out, err = pprof('-top', '-symbolize=none', f'http://{host}/bare')
check('named' not in out, '-symbolize=none')
status, out, err = pprof('-top', f'http://{host}/nosuch')
check(status == 1 and '404' in err, '404: ' + err)
status, out, err = pprof('-top', f'http://{host}/busy')
check(status == 1 and 'Could not enable CPU profiling' in err, 'the reason of a refusal: ' + err)
status, out, err = pprof('-top', 'http://127.0.0.1:1/x')
check(status == 1 and 'not reachable' in err, err)
status, out, err = pprof('-top', '-seconds=x', data + '/in/cpu.pb.gz')
check(status == 2 and 'seconds' in err, err)

# the shell at a terminal: completion and history
pid, terminal = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'dumb'
    os.execv(whyprof, [whyprof, 'pprof', '-symbolize=none', data + '/in/cpu.pb.gz'])
seen = ''


def until(pattern):
    global seen
    end = time.monotonic() + 20
    while not re.search(pattern, seen) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 4096).decode(errors='replace')
            except OSError:
                break
    check(re.search(pattern, seen), f'the shell shows {pattern}: {seen[-300:]}')
    seen = ''


until(r'\(pprof\) ')
os.write(terminal, b'nodefr\t=0.5\n')
until(r'\(pprof\) [\s\S]*\(pprof\) ')
os.write(terminal, b'peek line100\t\n')
until(r'line2001[\s\S]*\(pprof\) ')
os.write(terminal, b'o\n')
until(r'nodefraction +=[ 0.]*5[\s\S]*\(pprof\) ')
os.write(terminal, b'\x10\x10\n')  # two lines back
until(r'line2001[\s\S]*\(pprof\) ')
os.write(terminal, b'quit\n')
check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, 'the shell ends')

shutil.rmtree(work, ignore_errors=True)
print('profiles by URL as told' if not failures else f'{len(failures)} failures')
sys.exit(bool(failures))
