// Views in the page's own text: top, peek, source, and reports as they are printed.
import { element } from './app.js';

function functionLink(page, name, view = 'flamegraph') {
  const changes = { p: page.exact(name) };
  return element('a', { href: page.link(view, changes),
    onclick: (e) => { if (!e.ctrlKey && !e.metaKey) { e.preventDefault(); page.go(view, changes); } },
    oncontextmenu: (e) => { e.preventDefault(); page.menu(name, e.clientX, e.clientY); } }, name);
}

const percent = (v, total) => (total ? (100 * v / Math.abs(total)).toFixed(2) + '%' : '');

// ---- top ----

// A comparison's change, absolute and relative.
function changeCells(before, now, text) {
  const d = now - before, kind = d > 0 ? 'more' : d < 0 ? 'less' : 'dim';
  const relative = before ? (d > 0 ? '+' : '') + (100 * d / before).toFixed(1) + '%' : now ? 'new' : '';
  return [element('td', { class: kind }, (d > 0 ? '+' : '') + text), element('td', { class: kind }, relative)];
}

export function showTop(data, page, main) {
  const rows = data.rows.map((r) => ({ name: r[0], inlined: r[1], flat: r[2], flatText: r[3], cum: r[4], cumText: r[5],
    flat0: r[6], flat0Text: r[7], flat1: r[8], flat1Text: r[9], cum0: r[10], cum0Text: r[11], cum1: r[12], cum1Text: r[13] }));
  let sum = 0;
  for (const r of rows) { sum += r.flat; r.sum = sum; }
  const columns = data.diff
    ? [['flat0', 'Flat before'], ['flat1', 'Flat now'], ['flat', 'Change'], ['flatRel', '%'],
      ['cum0', 'Cum before'], ['cum1', 'Cum now'], ['cum', 'Change'], ['cumRel', '%'], ['name', 'Name']]
    : [['flat', 'Flat'], ['flat', 'Flat%'], ['sum', 'Sum%'], ['cum', 'Cum'], ['cum', 'Cum%'], ['name', 'Name'], ['inlined', '']];
  for (const r of rows) {
    r.flatRel = r.flat0 ? r.flat / r.flat0 : r.flat ? Infinity : 0;
    r.cumRel = r.cum0 ? r.cum / r.cum0 : r.cum ? Infinity : 0;
  }
  let key = page.query.get('sort') === 'cum' ? 'cum' : 'flat', direction = -1;
  const body = element('tbody'), head = element('tr');

  function cells(r) {
    const name = [element('td', { class: 'name' }, functionLink(page, r.name))];
    if (data.diff)
      return [element('td', {}, r.flat0Text), element('td', {}, r.flat1Text), ...changeCells(r.flat0, r.flat1, r.flatText),
        element('td', {}, r.cum0Text), element('td', {}, r.cum1Text), ...changeCells(r.cum0, r.cum1, r.cumText), ...name];
    return [element('td', {}, r.flatText), element('td', { class: 'dim' }, percent(r.flat, data.total)),
      element('td', { class: 'dim' }, percent(r.sum, data.total)), element('td', {}, r.cumText),
      element('td', { class: 'dim' }, percent(r.cum, data.total)), ...name, element('td', { class: 'dim' }, r.inlined)];
  }
  function fill() {
    const size = (r) => (typeof r[key] === 'string' ? r[key] : Math.abs(r[key]));
    const sorted = rows.slice().sort((a, b) => (size(a) < size(b) ? -direction : size(a) > size(b) ? direction : 0));
    body.replaceChildren(...sorted.map((r) => element('tr', { 'data-name': r.name }, ...cells(r))));
    page.onSearch?.(page.search());
  }
  head.append(...columns.map(([k, text]) => element('th', { class: k === 'name' ? 'name' : null, scope: 'col' },
    element('button', { onclick: () => {
      direction = key === k ? -direction : k === 'name' ? 1 : -1;
      key = k;
      fill();
    } }, text))));
  page.onSearch = (rx) => {
    for (const tr of body.rows) tr.classList.toggle('hit', !!rx && rx.test(tr.dataset.name));
  };
  fill();
  main.replaceChildren(element('p', { class: 'hint' }, data.shown.trim().split('\n').join(' \u00b7 ')),
    element('table', {}, element('thead', {}, head), body));
}

// ---- peek ----

function edgeTable(page, title, edges, left) {
  const rows = edges.map(([name, inlined, , text, share]) => element('tr', {}, element('td', {}, text),
    element('td', { class: 'dim' }, share), element('td', { class: 'name' }, functionLink(page, name, 'peek'), inlined ? ' (inline)' : '')));
  const parts = [element('h3', {}, title), element('table', {}, element('tbody', {}, ...rows))];
  if (left) parts.push(element('p', { class: 'hint' }, left + ' more'));
  return edges.length ? parts : [];
}

export function showPeek(data, page, main) {
  main.replaceChildren(...data.nodes.map((n) => element('section', { class: 'peek' },
    ...edgeTable(page, 'Callers', n.in, n.inLeft),
    element('h2', {}, functionLink(page, n.name)),
    element('p', { class: 'hint' }, 'flat ' + n.flat + ' (' + n.flatShare + '), cumulative ' + n.cum + ' (' + n.cumShare + ')'),
    ...edgeTable(page, 'Callees', n.out, n.outLeft))));
  if (!data.nodes.length) main.append(element('p', { class: 'hint' }, 'No function matches.'));
  if (data.left) main.append(element('p', { class: 'hint' }, data.left + ' more functions match.'));
  page.onSearch = null;
}

// ---- source ----

const pad = (text, width) => (text || '.').padStart(width);

function instructions(line) {
  const out = [];
  let last = '';
  const indent = (line.text.match(/^\s*/)[0].replace(/\t/g, '        ').length) + 4;
  line.insts.forEach((inst, k) => {
    if (inst.block && k) out.push(element('span', { class: 'no' }, ' '.repeat(36) + '\u22ee\n'));
    (inst.calls || []).forEach(([text, file, no], depth) => {
      const id = JSON.stringify(inst.calls.slice(0, depth + 1));
      if (last.startsWith(id.slice(0, -1))) return;
      out.push(element('span', { class: 'calls' }, ' '.repeat(40 + indent + 4 * depth) + text + '  '),
        element('span', { class: 'no' }, file + ':' + no + '\n'));
    });
    last = JSON.stringify(inst.calls || []);
    out.push(' '.repeat(8) + pad(inst.flat, 10) + ' ' + pad(inst.cum, 10) + ' ' + inst.at.padStart(8) + ': ',
      element('span', { class: 'asm' }, ' '.repeat(indent + 4 * (inst.calls || []).length) + inst.text + '\n'));
  });
  return out;
}

function sourceLine(line) {
  const text = pad(line.flat, 10) + ' ' + pad(line.cum, 10) + '   ' + line.text + '\n';
  const no = element('span', { class: 'no' }, String(line.line).padStart(6) + ' ');
  if (!line.insts) return [element('span', { class: 'row' }, no, text)];
  const code = element('span', { hidden: true });
  const row = element('button', { class: 'row', 'aria-expanded': 'false', title: 'Shows the instructions',
    onclick: () => {
      if (!code.firstChild) code.append(...instructions(line));
      code.hidden = !code.hidden;
      row.classList.toggle('open', !code.hidden);
      row.setAttribute('aria-expanded', String(!code.hidden));
    } }, no, text);
  return [row, code];
}

export function showSource(data, page, main) {
  main.replaceChildren(...data.functions.map((f) => element('section', { class: 'source' },
    element('h2', {}, functionLink(page, f.name)),
    element('p', { class: 'file' }, f.file + (f.problem ? ' \u2013 ' + f.problem : '')),
    element('p', { class: 'hint' }, 'flat ' + (f.flat || '0') + ', cumulative ' + (f.cum || '0') + ' (' + f.share + ')'),
    element('pre', {}, ...f.lines.flatMap(sourceLine)))));
  if (!data.functions.length)
    main.append(element('p', { class: 'hint' }, 'No function with source matches: search for one, or choose it elsewhere.'));
  if (data.left) main.append(element('p', { class: 'hint' }, data.left + ' more functions: a narrower search shows them.'));
}

export function showText(data, page) {
  document.getElementById('main').replaceChildren(element('pre', { class: 'text' }, data.text));
}
