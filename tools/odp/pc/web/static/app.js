import {$, ask, el, follow, icon, takeToken} from './lib.js';
import * as calls from './calls.js';
import * as people from './people.js';
import * as setup from './setup.js';

/** All the page knows. Only the agent changes it. */
let view = null;

/** The phone that is worked with. */
export const phone = () => view?.phones?.find(p => p.id === view.selected) ?? null;
export const names = uri => view?.names?.[uri];
export const chatAt = uri => view?.chats?.[uri];

/** Gives the phone a TPCP request. What it refuses is said and thrown. */
export async function request(method, params = {}) {
  const p = phone();
  try {
    if (!p) throw new Error('There is no phone.');
    return await ask('POST', `phones/${encodeURIComponent(p.id)}/${method}`, params);
  } catch (e) {
    toast(e.message);
    throw e;
  }
}

/** Runs what may be refused; the refusal has been said already. */
export const quietly = p => p.catch(() => {});

export function call(to, name) {
  say(`Calling ${name ?? to}`);
  return quietly(ask('POST', 'call', {to}).catch(e => { toast(e.message); throw e; }));
}

let toasting;
export function toast(text) {
  $('toast').textContent = text;
  clearTimeout(toasting);
  toasting = setTimeout(() => { $('toast').textContent = ''; }, 5000);
}

/** For screen readers. */
export function say(text) { $('say').textContent = text; }

const linkWords = {
  absent: ['', 'not plugged in'], denied: ['bad', 'no permission'], unpaired: ['busy', 'not paired'], attaching: ['busy', 'attaching'],
  connecting: ['busy', 'connecting'], online: ['ready', ''], waiting: ['bad', 'not reachable'], refused: ['bad', 'refused'],
};

function bar() {
  const p = phone(), box = $('phone');
  box.replaceChildren();
  $('sound').hidden = !(p && p.link === 'online' && p.device);
  if (!p) { box.append(el('span.dot'), 'No phone'); return; }
  const [dot, word] = linkWords[p.link] ?? ['', p.link];
  box.append(el('span.dot.' + (dot || 'off')), el('span.name', {}, p.name || 'Desk phone'));
  if (p.link === 'online') box.append(el('span.chip', {title: p.via === 'cable' ? 'Connected through the cable' : p.attached ? 'Connected over the network, cable plugged in' : 'Connected over the network'}, icon(p.via), p.via === 'cable' ? 'Cable' : 'Network'));
  else box.append(el('span', {}, word));
  if (p.lock?.locked) box.append(el('span.chip.wait', {}, icon('lock'), 'Locked'));
  const bad = p.lines?.find(l => l.state !== 'registered');
  if (p.link === 'online' && bad && p.lines.every(l => l.state !== 'registered')) box.append(el('span.chip.end', {title: bad.aor}, icon('warn'), bad.state === 'failed' ? 'Line down' : 'Signing in'));
  soundKeys(p);
}

let turning = 0;
function soundKeys(p) {
  if (!p.device) return;
  const key = $('mutekey'), muted = !!p.device.mute;
  key.replaceChildren(icon(muted ? 'mute' : 'mic'));
  key.setAttribute('aria-pressed', muted);
  key.setAttribute('aria-label', muted ? 'Microphone is muted' : 'Mute the microphone');
  key.disabled = !p.calls?.length;
  key.className = 'on-stop' + (muted ? '' : ' quiet');
  const may = p.rights?.includes('device');
  $('volume').disabled = !may;
  $('volume').title = may ? '' : 'To set the volume from here the cable must be plugged in.';
  const level = p.device.volumes?.[p.device.terminal];
  if (level !== undefined && Date.now() - turning > 800) $('volume').value = level;
}

function banner() {
  const b = $('banner'), p = phone();
  const bad = p && ['waiting', 'refused', 'denied'].includes(p.link);
  b.hidden = !(p?.problem && !setup.shown());
  b.classList.toggle('bad', !!bad);
  b.replaceChildren(icon('warn'), el('span', {}, [p?.problem, p?.hint].filter(Boolean).join(' ')));
}

function menu() {
  $('pref-notify').checked = !!view.prefs?.notify;
  $('pref-links').checked = !!view.prefs?.linksDial;
  $('version').textContent = 'odp ' + (view.version ?? '');
  const list = view.phones.map(p => el('div.mine', {},
    el('button.row.grow', {'aria-pressed': p.id === view.selected, onclick: () => prefer({phone: p.id})}, p.name || p.id),
    p.paired && el('button.small.stop', {onclick: () => unpair(p)}, 'Unpair')));
  $('phones').replaceChildren(...list, el('button.row', {onclick: () => { $('menu').open = false; setup.pair(); }}, icon('plus'), 'Pair a phone'));
}

async function unpair(p) {
  if (!confirm(`Forget ${p.name || 'this phone'}? To use it again it must be paired anew.`)) return;
  await quietly(ask('DELETE', 'phones/' + encodeURIComponent(p.id)).catch(e => toast(e.message)));
}

const prefer = change => quietly(ask('PATCH', 'prefs', change).catch(e => toast(e.message)));

let asking = null;
function askLink() {
  const a = view.asks?.[0] ?? null, d = $('ask');
  if (a?.id === asking?.id) return;
  asking = a;
  if (!a) { d.close(); return; }
  $('askwho').textContent = names(a.to) ? `${names(a.to)} (${a.shown})` : a.shown;
  if (!d.open) d.showModal();
  $('askyes').focus();
}

const answerLink = ok => { const a = asking; if (a) quietly(ask('POST', 'asks/' + a.id, {ok}).catch(e => toast(e.message))); };

function title() {
  const ringing = phone()?.calls?.find(c => c.state === 'ringing' || c.state === 'offered');
  const going = phone()?.calls?.find(c => c.state === 'connected');
  document.title = ringing ? '☎ ' + calls.who(ringing).name + ' is calling' : going ? '● ' + calls.who(going).name : 'Desk phone';
}

function render() {
  setup.render(view);
  bar();
  banner();
  calls.render(phone());
  people.render(view);
  menu();
  askLink();
  title();
}

function seen(event) {
  if (event.view) {
    view = event.view;
    document.body.dataset.live = 'yes';
    render();
  }
  if (event.log) people.logChanged();
  if (event.contacts) people.contactsChanged();
}

function lost(final) {
  delete document.body.dataset.live;
  const b = $('banner');
  b.hidden = false;
  b.className = 'bad';
  b.replaceChildren(icon('warn'), final ? 'This page belongs to an agent that has ended. Open it anew with "odp open".' : 'The agent does not answer; trying again. Calls on the phone go on.');
}

function keys(e) {
  const typing = e.target.matches?.('input:not([type=range], [type=checkbox]), textarea, select');
  if (e.key === 'Escape') $('menu').open = false;
  if (typing || e.ctrlKey || e.altKey || e.metaKey || document.querySelector('dialog[open]')) return;
  if (e.key === '/') { e.preventDefault(); $('query').focus(); $('query').select(); return; }
  calls.key(e);
}

$('pref-notify').onchange = e => prefer({notify: e.target.checked});
$('pref-links').onchange = e => prefer({linksDial: e.target.checked});
$('mutekey').onclick = () => quietly(request('call.mute', {on: !phone().device.mute}));
$('volume').oninput = e => {
  turning = Date.now();
  quietly(request('device.volume.set', {terminal: phone().device.terminal, level: Number(e.target.value)}));
};
$('askyes').onclick = () => answerLink(true);
$('askno').onclick = () => answerLink(false);
$('ask').oncancel = () => answerLink(false);
document.addEventListener('keydown', keys);
document.addEventListener('click', e => { if (!$('menu').contains(e.target)) $('menu').open = false; });

people.start();
addEventListener('hashchange', () => { if (location.hash.length > 16 && takeToken()) location.reload(); });
if (takeToken()) follow(seen, lost);
else lost(true);
