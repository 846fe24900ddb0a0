// The call graph: the server's picture, moved and zoomed here.
import { element } from './app.js';

export function showGraph(data, page, main) {
  const picture = new DOMParser().parseFromString(data.svg, 'image/svg+xml').documentElement;
  if (picture.nodeName !== 'svg') throw new Error('The picture of the graph is damaged');
  const svg = document.importNode(picture, true);
  const whole = { w: parseFloat(svg.getAttribute('width')), h: parseFloat(svg.getAttribute('height')) };
  const box = element('div', { id: 'graph', tabindex: 0, 'aria-label': 'Call graph; drag to move, wheel or + and - to zoom' });
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  svg.setAttribute('preserveAspectRatio', 'xMidYMin meet');
  box.append(svg);
  main.replaceChildren(element('p', { class: 'hint' },
    'drag: move; wheel, + and \u2212: zoom; 0: all; click: callers and callees; right click: more'), box);

  let view = { x: 0, y: 0, w: whole.w, h: whole.h };
  const LEAST = 0.1, MOST = 20;
  const apply = () => svg.setAttribute('viewBox', [view.x, view.y, view.w, view.h].join(' '));
  const perPixel = () => Math.max(view.w / box.clientWidth, view.h / box.clientHeight);

  function zoom(factor, cx = box.clientWidth / 2, cy = box.clientHeight / 2) {
    const w = view.w / factor;
    if (whole.w / w < LEAST || whole.w / w > MOST) return;
    const m = svg.getScreenCTM().inverse(), r = box.getBoundingClientRect();
    const p = new DOMPoint(r.left + cx, r.top + cy).matrixTransform(m);
    view = { x: p.x - (p.x - view.x) / factor, y: p.y - (p.y - view.y) / factor, w, h: view.h / factor };
    apply();
  }
  const move = (dx, dy) => { view.x -= dx * perPixel(); view.y -= dy * perPixel(); apply(); };
  const keyOf = (e) => e.target.closest?.('g[data-key]')?.getAttribute('data-key');

  const fingers = new Map();
  let moved = 0, spread = 0;
  box.addEventListener('pointerdown', (e) => { fingers.set(e.pointerId, e); moved = 0; spread = 0; });
  box.addEventListener('pointermove', (e) => {
    const last = fingers.get(e.pointerId);
    if (!last) {
      const key = keyOf(e);
      page.hover(key || '', key ? e.target.closest('g').querySelector('title').textContent.replace(key, '').trim() : '');
      return;
    }
    const dx = e.clientX - last.clientX, dy = e.clientY - last.clientY;
    fingers.set(e.pointerId, e);
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved > 4) box.setPointerCapture(e.pointerId);
    const all = [...fingers.values()];
    if (all.length === 2) {
      const now = Math.hypot(all[0].clientX - all[1].clientX, all[0].clientY - all[1].clientY);
      if (spread) zoom(now / spread);
      spread = now;
    } else if (moved > 4) move(dx, dy);
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'])
    box.addEventListener(end, (e) => fingers.delete(e.pointerId));
  box.addEventListener('wheel', (e) => {
    e.preventDefault();
    const r = box.getBoundingClientRect();
    zoom(e.deltaY < 0 ? 1.1 : 1 / 1.1, e.clientX - r.left, e.clientY - r.top);
  }, { passive: false });
  box.addEventListener('click', (e) => {
    const key = keyOf(e);
    if (key && moved <= 4) page.go('flamegraph', { p: page.exact(key) });
  });
  box.addEventListener('contextmenu', (e) => {
    const key = keyOf(e);
    if (key) { e.preventDefault(); page.menu(key, e.clientX, e.clientY); }
  });
  box.addEventListener('keydown', (e) => {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (e.key === '+' || e.key === '=') zoom(1.1);
    else if (e.key === '-') zoom(1 / 1.1);
    else if (e.key === '0') { view = { x: 0, y: 0, w: whole.w, h: whole.h }; apply(); }
    else if (steps[e.key]) { e.preventDefault(); move(...steps[e.key]); }
  });
  page.onSearch = (rx) => {
    for (const g of svg.querySelectorAll('g[data-key]'))
      g.classList.toggle('hit', !!rx && rx.test(g.getAttribute('data-key')));
  };
  // A graph larger than the window begins at its top, at a size that can be read.
  if (whole.w > 3 * box.clientWidth) {
    view.w = 3 * box.clientWidth;
    view.h = whole.h * view.w / whole.w;
    view.x = (whole.w - view.w) / 2;
  }
  apply();
}
