// The page's frame: menus, links, and which view is shown. The address is the state.
import { showFlame } from './flame.js';
import { showGraph } from './graph.js';
import { showTop, showPeek, showSource, showText } from './tables.js';

export const $ = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (value === true) e.setAttribute(name, '');
    else if (value !== false && value != null) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

const views = {
  flamegraph: ['Flame graph', showFlame], top: ['Top', showTop], graph: ['Graph', showGraph],
  peek: ['Peek', showPeek], source: ['Source', showSource],
  disasm: ['Disassembly', (data, page) => showText(data, page)],
  tags: ['Labels', (data, page) => showText(data, page)],
};
const refine = [
  ['f', 'Focus', 'only stacks with it'], ['i', 'Ignore', 'no stacks with it'],
  ['h', 'Hide', 'these frames'], ['s', 'Show', 'only these frames'], ['sf', 'Show from', 'nothing above'],
  ['prunefrom', 'Prune from', 'nothing below'],
  ['tf', 'Label focus', 'key=value, 1kb:10kb'], ['ti', 'Label ignore', 'key=value'],
  ['ts', 'Label show', 'keys'], ['th', 'Label hide', 'keys'],
  ['tagroot', 'Labels as roots', 'key,key'], ['tagleaf', 'Labels as leaves', 'key,key'],
];
const ownParameters = ['p', 'profile', 'token'];

export const page = {
  info: null, view: 'flamegraph', data: null, onSearch: null,
  get query() { return new URLSearchParams(location.search); },
  // The address of a view with some parameters changed; null takes one away.
  link(view, changes = {}) {
    const q = this.query;
    for (const [key, value] of Object.entries(changes))
      if (value == null || value === '') q.delete(key); else q.set(key, value);
    const text = q.toString();
    return view + (text ? '?' + text : '');
  },
  go(view, changes = {}) {
    history.pushState(null, '', this.link(view, changes));
    show();
  },
  exact(name) { return '^' + name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$'; },
  search() {
    const text = $('search').value;
    $('search').classList.remove('bad');
    if (!text) return null;
    try {
      return new RegExp(text.replace(/^\(\?i\)/, ''), text.startsWith('(?i)') ? 'i' : '');
    } catch { $('search').classList.add('bad'); return null; }
  },
  hover(name, right = '') {
    $('hover').replaceChildren(element('span', { class: 'name', title: name }, name), element('span', {}, right));
  },
  // What can be done with a function, at a place of the window.
  menu(name, x, y) {
    const rx = this.exact(name);
    const link = (text, view, changes) => element('a', { role: 'menuitem', href: this.link(view, changes),
      onclick: (e) => { if (!e.ctrlKey && !e.metaKey) { e.preventDefault(); hideMenu(); this.go(view, changes); } } }, text);
    const both = (key) => { const old = this.query.get(key); return old ? old + '|' + rx : rx; };
    $('context').replaceChildren(
      link('Callers and callees', 'flamegraph', { p: rx }), link('Peek', 'peek', { p: rx }),
      link('Source', 'source', { p: rx }), element('a', { role: 'menuitem', target: '_blank',
        href: this.link('source', { p: rx }) }, 'Source in a new tab'), link('Disassembly', 'disasm', { p: rx }),
      link('Focus', this.view, { f: rx }), link('Ignore', this.view, { i: both('i') }),
      link('Hide', this.view, { h: both('h') }), link('Show from', this.view, { sf: rx }),
      element('button', { role: 'menuitem', onclick: () => { navigator.clipboard?.writeText(name); hideMenu(); } }, 'Copy the name'));
    const menu = $('context');
    menu.hidden = false;
    menu.style.left = Math.max(0, Math.min(x, innerWidth - menu.offsetWidth - 8)) + 'px';
    menu.style.top = Math.max(0, Math.min(y, innerHeight - menu.offsetHeight - 8)) + 'px';
    menu.querySelector('a').focus();
  },
};

function hideMenu() { $('context').hidden = true; }

async function get(path) {
  const answer = await fetch(path, { credentials: 'same-origin' });
  const data = await answer.json().catch(() => ({ error: 'The server does not answer (' + answer.status + ')' }));
  if (!answer.ok || data.error) throw new Error(data.error || answer.status);
  return data;
}

function note(lines) {
  $('notes').hidden = !lines.length;
  $('notes').textContent = lines.join('\n');
}

// ---- menus ----

function fillViews() {
  $('views').replaceChildren(...Object.entries(views).map(([view, [text]]) =>
    element('a', { href: page.link(view), 'aria-current': view === page.view && 'page',
      onclick: (e) => { if (!e.ctrlKey && !e.metaKey) { e.preventDefault(); page.go(view); } } }, text)));
}

function fillSelect(id, values, chosen) {
  $(id).replaceChildren(...values.map((v) => element('option', { value: v, selected: v === chosen }, v)));
}

function fillRefine() {
  const q = page.query, labels = page.info.labels.slice(0, 20).join(', ');
  $('refine-fields').replaceChildren(...refine.map(([key, name, hint]) => {
    const about = page.info.options.find((o) => o.url === key);
    return element('label', { title: about ? about.help : '' }, name, element('input', { name: key, value: q.get(key) || '',
      placeholder: key.startsWith('t') && labels ? hint + ' (' + labels + ')' : hint,
      onkeydown: (e) => { if (e.key === 'Enter') applyFields('refine', 'refine-fields'); } }));
  }));
}

function fillOptions() {
  const q = page.query, done = refine.map((r) => r[0]).concat('si');
  $('option-fields').replaceChildren(...page.info.options.filter((o) => !done.includes(o.url)).map((o) => {
    const value = q.has(o.url) ? q.get(o.url) : o.value;
    const on = /^(t|true|y|yes|1|)$/.test(value);
    const input = o.choices
      ? element('select', { name: o.url }, ...['', ...o.choices].map((c) =>
        element('option', { value: c, selected: c === value }, c || 'usual')))
      : o.kind === 'bool' ? element('input', { type: 'checkbox', name: o.url, checked: on })
        : element('input', { name: o.url, value });
    return element('label', { title: o.help }, o.name.replace(/_/g, ' '), input);
  }));
}

// Only what differs from the usual goes into the address.
function applyFields(menu, fields) {
  const changes = {};
  for (const input of $(fields).querySelectorAll('[name]')) {
    const o = page.info.options.find((x) => x.url === input.name);
    const value = input.type === 'checkbox' ? (input.checked ? 't' : 'f') : input.value.trim();
    const usual = !o ? '' : o.kind === 'bool' ? (o.value === 'true' ? 't' : 'f') : o.value;
    changes[input.name] = value === usual ? null : value;
  }
  $(menu).open = false;
  page.go(page.view, changes);
}

function fillConfigs() {
  const plain = element('li', {}, element('a', { href: page.view, onclick: (e) => { e.preventDefault(); useConfig(''); } }, 'Default'));
  $('configs').replaceChildren(plain, ...page.info.configs.map((c) => element('li', {},
    element('a', { href: page.view + '?' + c.query, onclick: (e) => { e.preventDefault(); useConfig(c.query); } }, c.name),
    element('button', { title: 'Delete ' + c.name, 'aria-label': 'Delete ' + c.name,
      onclick: () => changeConfig('deleteconfig', c.name) }, '\u2715'))));
}

function useConfig(query) {
  const q = new URLSearchParams(query);
  for (const key of ownParameters)
    if (page.query.has(key)) q.set(key, page.query.get(key));
  $('config').open = false;
  history.pushState(null, '', page.view + (q.toString() ? '?' + q : ''));
  show();
}

async function changeConfig(what, name) {
  const q = page.query;
  q.set('config', name);
  const answer = await fetch(what + '?' + q, { method: 'POST', credentials: 'same-origin' });
  if (!answer.ok) note([(await answer.json()).error]);
  page.info = null;
  show();
}

function fillActive() {
  const q = page.query;
  const on = refine.concat([['p', 'Functions']]).filter(([key]) => q.get(key));
  $('active').hidden = !on.length;
  $('active').replaceChildren(...on.map(([key, name]) => element('button', { title: 'Take this away',
    onclick: () => page.go(page.view, { [key]: null }) }, name + ': ' + q.get(key) + ' \u2715')));
}

function fillMenus() {
  const info = page.info, q = page.query;
  fillViews();
  fillSelect('type', info.types, q.get('si') || info.defaultType);
  fillSelect('profile', info.profiles, q.get('profile') || info.profile);
  $('profile-field').hidden = info.profiles.length < 2;
  fillRefine(); fillOptions(); fillConfigs(); fillActive();
  $('title').textContent = info.title + ' ' + info.type;
  $('legend').textContent = info.legend + 'Total: ' + info.totalText;
  $('doc').hidden = !/^https?:/.test(info.doc);
  if (!$('doc').hidden) $('doc').firstChild.href = info.doc;
  $('download').href = page.link('download');
  document.title = info.title + ' ' + info.type + ' \u2013 ' + views[page.view][0];
}

// ---- views ----

let shown = 0; // number of the request that is to be shown

async function show() {
  const number = ++shown;
  const name = location.pathname.split('/').pop();
  page.view = views[name] ? name : 'flamegraph';
  page.onSearch = null;
  hideMenu();
  const q = page.query;
  $('main').setAttribute('aria-busy', 'true');
  try {
    const infoQuery = 'api/info?' + q;
    if (!page.info || page.infoQuery !== infoQuery) {
      page.info = await get(infoQuery);
      page.infoQuery = infoQuery;
    }
    if (number !== shown) return;
    fillMenus();
    q.set('w', Math.max(100, Math.min(8000, $('main').clientWidth)));
    const data = await get('api/' + page.view + '?' + q);
    if (number !== shown) return;
    page.data = data;
    const notes = data.notes.filter((n, i) => data.notes.indexOf(n) === i);
    if (!data.total) notes.push('Nothing of this kind was sampled: another sample type or profile may have more.');
    note(notes);
    $('hover').replaceChildren();
    $('main').replaceChildren();
    views[page.view][1](data, page, $('main'));
    page.onSearch?.(page.search());
  } catch (error) {
    if (number === shown) { note([error.message]); if (page.info) fillMenus(); $('main').replaceChildren(); }
  } finally {
    if (number === shown) $('main').removeAttribute('aria-busy');
  }
}

addEventListener('popstate', show);
addEventListener('click', (e) => {
  for (const menu of document.querySelectorAll('details.menu[open]'))
    if (!menu.contains(e.target)) menu.open = false;
  if (!$('context').contains(e.target)) hideMenu();
});
addEventListener('keydown', (e) => {
  if (e.key === 'Escape') {
    hideMenu();
    for (const menu of document.querySelectorAll('details.menu[open]')) menu.open = false;
  }
  if (e.key === '/' && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) {
    e.preventDefault();
    $('search').focus();
  }
});
let resizing;
addEventListener('resize', () => { clearTimeout(resizing); resizing = setTimeout(show, 200); });
$('search').addEventListener('input', () => page.onSearch?.(page.search()));
$('search').addEventListener('keydown', (e) => {
  if (e.key === 'Enter' && page.search()) page.go(page.view, { p: $('search').value });
});
$('type').addEventListener('change', () => page.go(page.view, { si: $('type').value }));
$('profile').addEventListener('change', () => page.go(page.view, { profile: $('profile').value, si: null }));
$('refine-apply').addEventListener('click', () => applyFields('refine', 'refine-fields'));
$('refine-reset').addEventListener('click', () => {
  $('refine').open = false;
  page.go(page.view, Object.fromEntries(refine.map(([key]) => [key, null])));
});
$('options-apply').addEventListener('click', () => applyFields('options', 'option-fields'));
$('config-save').addEventListener('click', () => {
  const name = $('config-name').value.trim();
  if (name) { $('config').open = false; changeConfig('saveconfig', name); }
});
show();
