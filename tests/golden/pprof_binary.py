#!/usr/bin/env python3
"""Reports that look into a program's file: names, source and code of symbols_target, for a profile of bare addresses
made here; against what addr2line and nm say.

usage: pprof_binary.py WHYPROF SYMBOLS_TARGET
"""
import os, re, shutil, struct, subprocess, sys, tempfile

whyprof, target = [os.path.abspath(a) for a in sys.argv[1:3]]
work = tempfile.mkdtemp()
os.environ['HOME'] = work
failures = []
START = 0x555500000000


def check(ok, what):
    if not ok:
        failures.append(what)
        print('FAILED:', what)


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# Where the text segment is mapped, as the loader does it; PIE or not.
segments = [[int(x, 16) for x in re.findall(r'0x[0-9a-f]+', line)] for line in tool('readelf', '-lW', target).splitlines()
            if re.match(r'\s+LOAD.*R E', line)]
offset, vaddr, _, size = segments[0][:4]
page = offset & ~0xfff
base = 0 if 'EXEC' in tool('readelf', '-hW', target) else START
symbols = {}
for line in tool('nm', target).splitlines():
    words = line.split()
    if len(words) == 3:
        symbols[words[2]] = int(words[0], 16)
fill = next(name for name in symbols if 'basket' in name and 'fill' in name)
inside = symbols[fill] + 12


def write(path, name):
    """A gperftools profile: 8 samples in basket::fill, called by main at two places (one place in all samples would
    be taken for the profiler's own)."""
    leaf, main = base + inside, base + symbols['main']
    words = [0, 3, 0, 10000, 0, 7, 2, leaf, main + 9, 1, 2, leaf, main + 14, 0, 1, 0]
    text = f'{base + (vaddr & ~0xfff):x}-{base + vaddr + size + 4096 & ~0xfff:x} r-xp {page:08x} 00:00 0 {name}\n'
    open(path, 'wb').write(struct.pack(f'<{len(words)}Q', *words) + text.encode())


def pprof(*arguments, environment={}):
    run = subprocess.run([whyprof, 'pprof', *arguments], capture_output=True, text=True, timeout=60, cwd=work,
                         env=dict(os.environ, **environment))
    return run.returncode, run.stdout, run.stderr


profile = work + '/cpu.prof'
write(profile, target)
status, top, err = pprof('-top', profile)
check(re.search(r'80ms +100% +100% +80ms +100% +shop::basket::fill', top) or 'shop::' in top, 'names: ' + top + err)
check('main' in top, 'the caller: ' + top)
check('main' in pprof('-top', '-symbolize=fastlocal', profile)[1], 'fastlocal')
check('[symbols_target]' in pprof('-top', '-symbolize=none', profile)[1], 'none')
check(fill in pprof('-top', '-symbolize=demangle=none', profile)[1] or '_ZN' in
      pprof('-top', '-symbolize=demangle=none', profile)[1], 'mangled')
check('shop::basket<' in pprof('-top', '-symbolize=demangle=full', profile)[1], 'full names')

# every frame's place, as addr2line has it
wanted = [l.split(' ')[0] for l in tool('addr2line', '-i', '-e', target, hex(inside)).splitlines()]
status, traces, err = pprof('-traces', '-lines', profile)
for place in wanted:
    file, line = place.rsplit(':', 1)
    if line.isdigit() and line != '0':
        check(f'{os.path.basename(file)}:{line}' in traces, f'{place} in {traces}')

status, listing, err = pprof('-list=basket', profile)
check(status == 0 and re.search(r'80ms +80ms +\d+:', listing), 'list: ' + listing + err)
check('T fill(T n)' in listing, 'source in the list')
status, code, err = pprof('-disasm=basket.*fill', profile)
check(status == 0 and 'ROUTINE ====' in code and '(flat, cum)   100% of Total' in code, 'disasm: ' + code + err)
check(re.search(r'^ +80ms +80ms +[0-9a-f]+: ', code, re.M), 'an instruction with samples')
status, own, err = pprof('-disasm=basket.*fill', profile, environment={'PATH': '/nonexistent'})
addresses = lambda text: re.findall(r'^ +\S+ +\S+ +([0-9a-f]+): ', text, re.M)
check(addresses(own) == addresses(code) and addresses(own), 'capstone sees what objdump sees')
check(pprof('-disasm=nosuchfunction', profile)[0] == 1, 'no such function')
status, html, err = pprof('-weblist=basket', profile)
check('<details>' in html and 'shop::basket' in html and '<script' not in html, 'weblist')

# the program as an argument, and found by its name
elsewhere = work + '/elsewhere.prof'
write(elsewhere, '/gone/symbols_target')
check('shop::' not in pprof('-top', elsewhere)[1], 'no program, no names')
check('Some binary filenames not available' in pprof('-top', elsewhere)[2], 'that is told')
check(pprof('-top', target, elsewhere)[1] == top, 'the program as an argument')
check(pprof('-top', elsewhere, environment={'PPROF_BINARY_PATH': os.path.dirname(target)})[1] == top, 'PPROF_BINARY_PATH')

shutil.rmtree(work)
print('names and code as told' if not failures else f'{len(failures)} failures')
sys.exit(bool(failures))
