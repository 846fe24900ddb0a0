// The flame graph: callers above, callees below, drawn on one canvas.
import { element } from './app.js';

const ROW = 20, FONT = '12px Verdana, "DejaVu Sans", sans-serif', LEAST_TEXT = 22;

// Places the boxes of a tree in [0, 1): children at their caller's right, so that the gap
// at its left is its own. Sorted by width, or by name.
function place(tree, byName) {
  const n = tree.parent.length, width = new Float64Array(n), left = new Float64Array(n);
  const depth = new Int32Array(n), children = Array.from({ length: n }, () => []);
  for (let i = 0; i < n; i++) {
    width[i] = tree.more[i] + tree.less[i];
    if (i) { children[tree.parent[i]].push(i); depth[i] = depth[tree.parent[i]] + 1; }
  }
  const whole = width[0] || 1;
  for (let i = 0; i < n; i++) width[i] /= whole;
  for (let i = 0; i < n; i++) {
    const list = children[i];
    if (byName) list.sort((a, b) => (tree.names[tree.name[a]] < tree.names[tree.name[b]] ? -1 : 1));
    let at = left[i] + width[i];
    for (const c of list) at -= width[c];
    for (const c of list) { left[c] = at; at += width[c]; }
  }
  return { width, left, depth, deepest: n ? depth.reduce((a, b) => Math.max(a, b), 0) : 0 };
}

// A value with the unit that fits it.
function measure(v, unit) {
  const times = { nanoseconds: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 };
  const steps = unit in times ? [[1e9, 's'], [1e6, 'ms'], [1e3, 'us'], [1, 'ns']]
    : unit === 'bytes' ? [[2 ** 40, 'TB'], [2 ** 30, 'GB'], [2 ** 20, 'MB'], [1024, 'kB'], [1, 'B']] : [[1, '']];
  const whole = v * (times[unit] || 1);
  const [size, name] = steps.find(([s]) => Math.abs(whole) >= s) || steps[steps.length - 1];
  return +(whole / size).toFixed(2) + name;
}

function packageOf(name) {
  const bare = name.replace(/[(<].*/s, ''), slash = bare.lastIndexOf('/');
  if (slash >= 0) { const dot = bare.indexOf('.', slash); return dot < 0 ? bare : bare.slice(0, dot); }
  const cut = Math.max(bare.lastIndexOf('::'), bare.lastIndexOf('.'));
  return cut > 0 ? bare.slice(0, cut) : bare;
}

function hueOf(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return ((h >>> 0) * 0.6180339887) % 1 * 360;
}

export function showFlame(data, page, main) {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const down = data.callees, up = data.callers;
  let byName = sessionStorage.getItem('order') === 'name';
  const order = element('select', { 'aria-label': 'Order of boxes' }, element('option', { value: 'width' }, 'widest first'),
    element('option', { value: 'name', selected: byName }, 'by name'));
  const cut = down.cut + (up ? up.cut : 0);
  const hint = element('p', { class: 'hint' }, element('label', {}, 'Boxes ', order), ' \u00b7 ' +
    (up ? 'callers above, callees below the chosen functions \u00b7 ' : '') +
    (cut ? cut.toLocaleString() + ' boxes narrower than a pixel are left out (Top lists all) \u00b7 ' : '') +
    'click: callers and callees; right click: more; arrow keys move');
  const canvas = element('canvas', { id: 'flame', tabindex: 0, role: 'img',
    'aria-label': 'Flame graph of ' + data.title + ', ' + data.totalText + ' of ' + data.type });
  main.replaceChildren(hint, canvas);

  const context = canvas.getContext('2d'), colors = new Map();
  let parts = [], height = 0, hovered = null, hits = null;

  function layout() {
    parts = [];
    let top = 0;
    if (up && up.parent.length > 1) {
      const p = place(up, byName);
      // The pivots themselves (depth 1) are drawn with the callees.
      parts.push({ tree: up, ...p, y: (d) => (p.deepest - d) * ROW, from: 2 });
      top = Math.max(0, p.deepest - 1) * ROW;
    }
    const p = place(down, byName);
    parts.push({ tree: down, ...p, y: (d) => top + d * ROW - (up ? ROW : 0), from: up ? 1 : 0 });
    height = top + (p.deepest + (up ? 0 : 1)) * ROW + 4;
  }

  function color(name) {
    if (name === 'root') return dark ? '#4a4b50' : '#dddddd';
    const key = packageOf(name);
    if (!colors.has(key)) colors.set(key, 'hsl(' + hueOf(key).toFixed(0) + (dark ? ' 38% 38%)' : ' 50% 80%)'));
    return colors.get(key);
  }

  const nameOf = (tree, i) => (tree.name[i] < 0 ? 'root' : tree.names[tree.name[i]]);

  // In a comparison the shaded part is the net change.
  function drawDiff(tree, i, x, y, w) {
    const net = tree.more[i] - tree.less[i], both = tree.more[i] + tree.less[i];
    context.fillStyle = dark ? '#3c3d42' : '#e8e8ea';
    context.fillRect(x, y, w, ROW - 1);
    context.fillStyle = net > 0 ? (dark ? '#a5483c' : '#f2a59b') : (dark ? '#3c8558' : '#9fd8b4');
    if (both) context.fillRect(x, y, w * Math.abs(net) / both, ROW - 1);
  }

  function draw() {
    const width = main.clientWidth - 20, ratio = devicePixelRatio || 1;
    canvas.style.height = height + 'px';
    canvas.width = Math.max(1, width * ratio);
    canvas.height = Math.max(1, Math.min(height * ratio, 16000));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = FONT;
    context.textBaseline = 'middle';
    const ink = dark ? '#f0f0f2' : '#1c1c1e';
    for (const part of parts) {
      const { tree } = part;
      for (let i = 0; i < tree.parent.length; i++) {
        if (part.depth[i] < part.from) continue;
        const w = part.width[i] * width, x = part.left[i] * width, y = part.y(part.depth[i]);
        const name = nameOf(tree, i), same = hovered && hovered === name && name !== 'root';
        if (w < 0.2) continue;
        if (data.diff) drawDiff(tree, i, x, y, Math.max(w - 0.5, 0.5));
        else {
          context.fillStyle = hits && hits.has(name) ? (dark ? '#9a5be0' : '#c9a2ff') : color(name);
          context.fillRect(x, y, Math.max(w - (tree.inlined[i] ? 0 : 0.5), 0.5), ROW - 1);
        }
        if (same || (data.diff && hits && hits.has(name))) {
          context.strokeStyle = same ? ink : '#9a5be0';
          context.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1.5, 0.5), ROW - 2);
        }
        if (w < LEAST_TEXT) continue;
        context.save();
        context.beginPath();
        context.rect(x, y, w - 2, ROW);
        context.clip();
        context.fillStyle = ink;
        const short = context.measureText(name).width > w - 6 ? name.slice(packageOf(name).replace(/[^/]*$/, '').length) : name;
        context.fillText(short, x + 3, y + ROW / 2);
        context.restore();
      }
    }
  }

  function at(event) {
    const r = canvas.getBoundingClientRect(), x = (event.clientX - r.left) / r.width, y = event.clientY - r.top;
    for (const part of parts)
      for (let i = part.tree.parent.length - 1; i >= 0; i--) {
        const top = part.y(part.depth[i]);
        if (part.depth[i] >= part.from && y >= top && y < top + ROW && x >= part.left[i] && x < part.left[i] + part.width[i])
          return { part, i };
      }
    return null;
  }

  const share = (v) => (data.total ? (100 * v / Math.abs(data.total)).toFixed(2) + '%' : '');
  const amount = (v) => measure(v * data.ratio, data.unit);

  function about({ part, i }) {
    const { tree } = part;
    if (data.diff) {
      const before = tree.less[i], now = tree.more[i];
      const change = before ? (100 * (now - before) / before).toFixed(1) + '%' : 'new';
      return amount(before) + ' (' + share(before) + ') \u2192 ' + amount(now) + ' (' + share(now) + '), ' +
        (now >= before ? '+' : '') + amount(now - before) + ', ' + (now >= before && before ? '+' : '') + change;
    }
    return 'self ' + amount(tree.self[i]) + ' (' + share(tree.self[i]) + ') | total ' +
      amount(tree.more[i] + tree.less[i]) + ' (' + share(tree.more[i] + tree.less[i]) + ')';
  }

  let chosen = null;
  function point(box) {
    chosen = box;
    const name = box ? nameOf(box.part.tree, box.i) : null;
    canvas.style.cursor = name ? 'pointer' : '';
    if (box) page.hover(name, about(box)); else page.hover('');
    if (name !== hovered) { hovered = name; draw(); }
  }

  function pivot(box) {
    const name = nameOf(box.part.tree, box.i);
    page.go('flamegraph', { p: name === 'root' ? null : page.exact(name) });
  }

  // To a neighbour: a callee, the caller, the box at the side.
  function step(key) {
    const main = parts[parts.length - 1];
    if (!chosen) return point({ part: main, i: main.from && main.tree.parent.length > 1 ? 1 : 0 });
    const { part, i } = chosen, { tree } = part;
    const kids = [], mates = [];
    for (let k = 1; k < tree.parent.length; k++) {
      if (tree.parent[k] === i) kids.push(k);
      if (tree.parent[k] === tree.parent[i]) mates.push(k);
    }
    const byLeft = (a, b) => part.left[a] - part.left[b];
    kids.sort(byLeft); mates.sort(byLeft);
    let to = null;
    if (key === 'ArrowDown') to = kids.reduce((best, k) => (best == null || part.width[k] > part.width[best] ? k : best), null);
    if (key === 'ArrowUp' && i) to = tree.parent[i];
    if (key === 'ArrowLeft') to = mates[mates.indexOf(i) - 1];
    if (key === 'ArrowRight') to = mates[mates.indexOf(i) + 1];
    if (to != null && part.depth[to] >= part.from) point({ part, i: to });
  }

  canvas.addEventListener('mousemove', (e) => point(at(e)));
  canvas.addEventListener('mouseleave', () => point(null));
  canvas.addEventListener('click', (e) => { const b = at(e); if (b) pivot(b); });
  canvas.addEventListener('contextmenu', (e) => {
    const b = at(e), name = b && nameOf(b.part.tree, b.i);
    if (name && name !== 'root') { e.preventDefault(); page.menu(name, e.clientX, e.clientY); }
  });
  canvas.addEventListener('keydown', (e) => {
    if (e.key.startsWith('Arrow')) { e.preventDefault(); step(e.key); }
    if (e.key === 'Enter' && chosen) pivot(chosen);
    if (e.key === ' ' && chosen) {
      e.preventDefault();
      const { part, i } = chosen, r = canvas.getBoundingClientRect();
      page.menu(nameOf(part.tree, i), r.left + part.left[i] * r.width, r.top + part.y(part.depth[i]) + ROW);
    }
  });
  order.addEventListener('change', () => {
    byName = order.value === 'name';
    sessionStorage.setItem('order', order.value);
    layout(); draw();
  });
  page.onSearch = (rx) => {
    hits = null;
    if (rx) hits = new Set([...down.names, ...(up ? up.names : [])].filter((n) => rx.test(n)));
    if (hits) page.hover(hits.size + ' functions match');
    draw();
  };
  layout();
  draw();
}
