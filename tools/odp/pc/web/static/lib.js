// What all parts of the page use: elements, words, and the way to the agent.

const SVG = 'http://www.w3.org/2000/svg';

/** el('button.go', {onclick, ...}, children...) makes an element. Text is always text. */
export function el(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const e = document.createElement(tag);
  if (classes.length) e.className = classes.join(' ');
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === false || v === null) continue;
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (k in e && !k.includes('-')) e[k] = v;
    else e.setAttribute(k, v);
  }
  e.append(...children.filter(c => c !== undefined && c !== null && c !== false));
  return e;
}

export function icon(name) {
  const s = document.createElementNS(SVG, 'svg'), u = document.createElementNS(SVG, 'use');
  s.setAttribute('class', 'i');
  s.setAttribute('aria-hidden', 'true');
  u.setAttribute('href', 'icons.svg#' + name);
  s.append(u);
  return s;
}

export const $ = id => document.getElementById(id);

/** A face: initials in a colour that belongs to the name. */
export function face(name) {
  const words = name.replace(/[^\p{L}\s]/gu, ' ').trim().split(/\s+/).filter(Boolean);
  const f = el('span.face', {'aria-hidden': 'true'});
  if (!words.length) { f.append(icon('person')); return f; }
  f.textContent = (words[0][0] + (words.length > 1 ? words.at(-1)[0] : '')).toUpperCase();
  let h = 0;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) >>> 0;
  f.classList.add('t' + h % 6);
  return f;
}

/** 65000 -> "1:05" */
export function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  const two = n => String(n).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** When something was, as short as it can be said. */
export function when(iso, now = new Date()) {
  const t = new Date(iso);
  if (isNaN(t)) return '';
  const day = d => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((day(now) - day(t)) / 864e5);
  const hm = t.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  if (days <= 0) return hm;
  if (days === 1) return 'Yesterday ' + hm;
  if (days < 7) return t.toLocaleDateString([], {weekday: 'short'}) + ' ' + hm;
  return t.toLocaleDateString([], {day: 'numeric', month: 'short', year: t.getFullYear() === now.getFullYear() ? undefined : 'numeric'});
}

/** What a SIP or tel URI is for people. */
export function readable(uri = '') {
  const m = /^(?:sips?|tel):([^@;?]+)(@[^;?]+)?/i.exec(uri);
  if (!m) return uri;
  let user = m[1];
  try { user = decodeURIComponent(user); } catch { /* stays as it is */ }
  return /^[+\d*#]+$/.test(user) || !m[2] ? user : user + m[2];
}

/** Lower case without accents, as the agent compares. */
export const fold = s => s.normalize('NFD').replace(/\p{Mn}/gu, '').toLowerCase();

let token = '';

/** The token comes in the fragment of the address, which no server ever sees, and stays in this tab. */
export function takeToken() {
  if (location.hash.length > 16) {
    sessionStorage.setItem('token', location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }
  token = sessionStorage.getItem('token') ?? '';
  return token !== '';
}

/** What the agent or the phone refused, in words. */
export class Refusal extends Error {
  constructor(message, code) { super(message); this.code = code; }
}

export async function ask(method, path, body) {
  let res;
  try {
    res = await fetch('/api/' + path, {
      method, headers: {Authorization: 'Bearer ' + token, ...(body !== undefined && {'Content-Type': 'application/json'})},
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal('The agent does not answer.');
  }
  const out = await res.json().catch(() => ({}));
  if (!res.ok) throw new Refusal(out.error?.message ?? res.statusText, out.error?.code);
  return out;
}

/** Follows the agent's events for ever; seen(event) for each, lost(final) when it is gone. */
export async function follow(seen, lost) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 4000)) {
    try {
      const res = await fetch('/api/events', {headers: {Authorization: 'Bearer ' + token}});
      if (res.status === 401) { lost(true); return; }
      if (res.ok) {
        const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
          const {done, value} = await reader.read();
          if (done) break;
          const lines = (rest + value).split('\n');
          rest = lines.pop();
          for (const l of lines) if (l) { seen(JSON.parse(l)); wait = 250; }
        }
      }
    } catch { /* said below */ }
    lost(false);
    await new Promise(r => setTimeout(r, wait));
  }
}
