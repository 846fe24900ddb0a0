#!/usr/bin/env python3
"""The web page about profiles: what it answers, what it refuses, what a browser makes of it.

usage: serve.py WHYPROF PPROF-DATA-FOLDER TRACE [--browser]
With --browser a headless Chromium looks at the views.
"""
import gzip, json, os, shutil, subprocess, sys, tempfile, urllib.error, urllib.parse, urllib.request

whyprof, data, trace = [os.path.abspath(a) for a in sys.argv[1:4]]
work = tempfile.mkdtemp()
os.environ.update(XDG_CONFIG_HOME=work, TZ='UTC', no_proxy='*')
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print('FAILED:', what)


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [whyprof, 'serve', '--listen', '127.0.0.1:0', '--no-browser', *arguments],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            if 'http://' in line:
                self.url = line[line.index('http://'):].split()[0]
                return
        sys.exit('FAILED: the server did not begin')

    def get(self, path, method='GET', headers={}):
        request = urllib.request.Request(self.url + path, method=method, headers=headers,
                                         data=b'' if method == 'POST' else None)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def json(self, path):
        status, _, body = self.get(path)
        check(status == 200, f'{path}: status {status}: {body[:200]}')
        return json.loads(body)

    def close(self):
        self.process.terminate()
        check(self.process.wait(20) == 0, 'the server ends with 0')


def names(tree):
    return [tree['names'][n] if n >= 0 else 'root' for n in tree['name']]


server = Server(data + '/in/cpu.pb.gz')
try:
    # the page and its parts, with nothing from elsewhere
    for path in ('', 'flamegraph', 'top', 'ui/', 'ui/graph', 'source?p=x'):
        status, headers, body = server.get(path)
        check(status == 200 and b'<script type="module" src="app.js">' in body, f'page {path}')
        check("default-src 'none'" in headers['Content-Security-Policy'], f'{path}: policy')
    for path in ('app.js', 'app.css', 'flame.js', 'graph.js', 'tables.js', 'icon.svg', 'ui/app.js'):
        status, _, body = server.get(path)
        check(status == 200 and b'://' not in body.replace(b'http://www.w3.org/2000/svg', b''), path)
    check(server.get('nothing')[0] == 404, 'a missing page')

    check(server.json('ui/api/top')['rows'], 'under /ui')
    info = server.json('api/info')
    check(info['types'] == ['samples', 'cpu'] and info['totalText'] == '1.12s', 'info')
    urls = [o['url'] for o in info['options']]
    for url in 'f i h s sf tf ti ts th tagroot tagleaf prunefrom si n nf ef trim g mean rel calltree'.split():
        check(url in urls, f'option {url}')

    flame = server.json('api/flamegraph')
    tree = flame['callees']
    check(names(tree)[:2] == ['root', 'line3000'] and tree['more'][0] == flame['total'], names(tree))
    pivot = server.json('api/flamegraph?p=' + urllib.parse.quote('^line2001$'))
    check(names(pivot['callees'])[1] == 'line2001' and 'line3000' in names(pivot['callers']), 'callers')
    top = server.json('api/top?sort=cum')
    check(top['rows'][0][0] == 'line3000' and top['rows'][0][5] == '1.12s', 'top by cum')
    check(len(server.json('api/top?i=line2001')['rows']) < len(top['rows']), 'focus')
    check('matched no samples' in ' '.join(server.json('api/top?f=nothing_at_all')['notes']), 'notes')
    check('data-key="line1000"' in server.json('api/graph')['svg'], 'graph')
    check(server.json('api/peek?p=line2000')['nodes'][0]['in'], 'peek')
    check('key1: Total' in server.json('api/tags')['text'], 'labels')
    check(server.json('api/source?p=line1000')['functions'][0]['name'] == 'line1000', 'source')
    status, headers, body = server.get('download')
    check(gzip.decompress(body) and 'profile.pb.gz' in headers['Content-Disposition'], 'download')

    # what is wrong is told, and what comes from elsewhere refused
    for path in ('api/top?f=(', 'api/top?n=x', 'api/top?g=y', 'api/top?si=nosuch', 'api/top?profile=z'):
        status, _, body = server.get(path)
        check(status == 400 and json.loads(body)['error'], f'{path}: {status}')
    check(server.get('api/top', headers={'Origin': 'http://evil.example'})[0] == 403, 'other origin')
    check(server.get('api/top', headers={'Host': 'evil.example'})[0] == 403, 'other name')

    # named configurations, in pprof's own file
    check(server.get('saveconfig?config=mine&f=main')[0] == 400, 'no change by a link')
    check(server.get('saveconfig?config=a%22b&f=li%3Cne&n=20&rel=t', 'POST')[0] == 200, 'save')
    saved = json.load(open(work + '/pprof/settings.json'))['configs']
    check(saved == [{'name': 'a"b', 'focus': 'li<ne', 'nodecount': 20, 'relative_percentages': True}], saved)
    configs = server.json('api/info')['configs']
    check(configs == [{'name': 'a"b', 'query': 'f=li%3Cne&n=20&rel=t'}] or
          urllib.parse.parse_qs(configs[0]['query']) == {'f': ['li<ne'], 'n': ['20'], 'rel': ['t']}, configs)
    check(server.get('deleteconfig?config=a%22b', 'POST')[0] == 200, 'delete')
    check(server.get('deleteconfig?config=a%22b', 'POST')[0] == 400, 'delete what is gone')

    chromium = shutil.which('chromium') or shutil.which('chromium-browser') or 'chromium'
    for view, wanted in () if '--browser' not in sys.argv else (('top', 'line2000</a>'), ('graph', 'data-key="line2000"'), ('flamegraph', '<canvas'),
                         ('peek?p=line2000', 'Callees'), ('source?p=line1000', 'class="source"')):
        shown = subprocess.run(
            [chromium, '--headless=new', '--no-sandbox', '--disable-gpu', '--user-data-dir=' + work + '/chromium',
             '--virtual-time-budget=5000', '--enable-logging=stderr', '--dump-dom', server.url + view],
            capture_output=True, text=True, timeout=60)
        check(wanted in shown.stdout, f'{view} in a browser: {shown.stderr[-300:]}')
        check('CONSOLE' not in shown.stderr, f'{view}: {[l for l in shown.stderr.splitlines() if "CONSOLE" in l]}')
finally:
    server.close()

# elsewhere than on loopback: a token, which a browser keeps
server = Server('--listen', '0.0.0.0:0', data + '/in/cpu.pb.gz')
try:
    base, token = server.url.split('?token=')
    server.url = base.replace('0.0.0.0', '127.0.0.1')
    check(server.get('app.js')[0] == 401, 'no token')
    status, headers, _ = server.get('?token=' + token)
    cookie = headers['Set-Cookie']
    check(status == 200 and 'HttpOnly' in cookie and 'SameSite=Strict' in cookie, cookie)
    check(server.get('app.js', headers={'Cookie': 'a=b; ' + cookie.split(';')[0]})[0] == 200, 'the cookie')
    check(server.get('app.js', headers={'Cookie': cookie.split(';')[0] + 'x'})[0] == 401, 'another cookie')
finally:
    server.close()

server = Server('--base', data + '/in/cpu.pb.gz', data + '/in/cpu.pb.gz')
try:
    flame = server.json('api/flamegraph')
    check(flame['diff'] and flame['callees']['more'][1] == flame['callees']['less'][1] > 0, 'comparison')
    row = server.json('api/top?trim=f')
    check(row['diff'], 'comparison in top')
finally:
    server.close()

server = Server(trace)
try:
    profiles = server.json('api/info')['profiles']
    check('cpu' in profiles and 'heap' in profiles and 'block' in profiles, profiles)
    check(server.json('api/top?profile=heap')['type'].startswith('inuse'), 'heap of a trace')
finally:
    server.close()
shutil.rmtree(work, ignore_errors=True)
print('the page is as told' if not failures else f'{len(failures)} failures')
sys.exit(bool(failures))
