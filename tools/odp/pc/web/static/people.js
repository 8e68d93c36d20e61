// Whom to call: the dial field, the address book and the call log.
import {$, ask, clock, el, face, fold, icon, readable, when} from './lib.js';
import {call, names, phone, toast} from './app.js';

let book = [], log = [], missedOnly = false, lastView = null, current = 0;

const digits = s => s.replace(/\D/g, '');

/** The contacts that a query finds, as the agent searches: word starts, or digits of a number. */
export function pick(query) {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return book.filter(c => words.every(w => {
    const d = /^[-+/().\d]+$/.test(w) ? digits(w).replace(/^0+/, '') : '';
    return (' ' + fold(c.name + ' ' + (c.company ?? ''))).includes(' ' + w) || c.numbers.some(n => d && digits(n.value).includes(d) || n.value.includes('@') && fold(n.value).includes(w));
  }));
}

const isNumber = s => /^[+\d*#][\d\s()./*#-]*$/.test(s) || /^[^\s@]+@[^\s@]+$/.test(s) || /^(tel|sips?):/i.test(s);

/** What Enter would call, and in whose name. */
function target() {
  const typed = $('query').value.trim();
  if (!typed) return null;
  if (isNumber(typed)) return {to: typed, name: typed};
  const c = pick(typed)[current];
  return c ? {to: c.numbers[0].value, name: c.name} : null;
}

function contactRow(c, i) {
  const ways = c.numbers.map(n => el('button', {title: `Call ${n.value} (${n.kind})`, 'aria-label': `Call ${c.name}, ${n.kind}, ${n.value}`, onclick: () => call(n.value, c.name)}, icon(n.kind === 'other' ? 'call' : n.kind)));
  return el('li.entry', {'aria-current': $('query').value && i === current ? 'true' : undefined, ondblclick: () => call(c.numbers[0].value, c.name)}, face(c.name),
    el('div.who', {}, el('div.name', {}, c.name), el('div.sub', {}, [c.company, c.numbers[0].value].filter(Boolean).join(' · '))),
    el('div.ways', {}, el('button.more', {title: 'Edit', 'aria-label': 'Edit ' + c.name, onclick: () => edit(c)}, icon('edit')), ...ways));
}

function showContacts() {
  const q = $('query').value.trim(), found = pick(q), t = target();
  current = Math.max(0, Math.min(current, found.length - 1));
  $('contacts').replaceChildren(...found.slice(0, 200).map(contactRow));
  const none = $('nocontacts');
  none.hidden = found.length > 0;
  none.textContent = book.length ? 'Nobody of that name.' : 'Your address book is empty. Add somebody, or import a vCard file from the menu.';
  $('dialgo').disabled = !t || phone()?.link !== 'online';
  $('dialhint').textContent = t && t.name !== t.to ? `Enter calls ${t.name}, ${t.to}` : '';
}

function logRow(e) {
  const name = e.withheld ? 'Number withheld' : names(e.uri) || e.display || e.number || readable(e.uri) || 'Unknown', missed = e.missed, number = e.number || readable(e.uri);
  const long = e.answeredAt ? Date.parse(e.endedAt) - Date.parse(e.answeredAt) : 0;
  const sub = [name === number ? '' : number, e.answeredAt ? clock(long) : missed ? 'missed' : 'not answered', e.note].filter(Boolean).join(' · ');
  const way = missed ? 'missed' : e.dir;
  const label = missed ? 'Missed call' : e.dir === 'in' ? 'Incoming call' : 'Outgoing call';
  return el('li.entry', {}, el('span.dir' + (missed ? '.missed' : ''), {role: 'img', 'aria-label': label, title: label}, icon(way)), el('div.who', {}, el('div.name' + (missed ? '.missed' : ''), {}, name), el('div.sub', {}, sub)),
    el('span.when', {}, when(e.beganAt)), el('div.ways', {}, e.uri && el('button', {title: 'Call ' + (number || name), 'aria-label': `Call ${name} back`, onclick: () => call(e.uri, name)}, icon('call'))));
}

function showLog() {
  const shown = missedOnly ? log.filter(e => e.missed) : log;
  $('log').replaceChildren(...shown.map(logRow));
  $('nolog').hidden = shown.length > 0;
  $('nolog').textContent = missedOnly ? 'No missed calls.' : 'No calls yet.';
}

export async function contactsChanged() {
  try { book = (await ask('GET', 'contacts')).contacts ?? []; showContacts(); } catch (e) { toast(e.message); }
}

export async function logChanged() {
  try { log = (await ask('GET', 'log')).log ?? []; } catch { log = []; }
  showLog();
}

export function render(view) {
  const before = lastView;
  lastView = view;
  const changed = f => JSON.stringify(f(before)) !== JSON.stringify(f(view));
  if (!before || changed(v => [v.selected, v.phones.find(p => p.id === v.selected)?.link])) { logChanged(); showContacts(); }
  if (!before) contactsChanged();
  else if (changed(v => v.names)) showLog();
}

// The contact's own window.
let editing = null;
function numberRow(n = {kind: 'work', value: ''}) {
  const kinds = el('select', {'aria-label': 'Kind'}, ...['work', 'mobile', 'home', 'other'].map(k => el('option', {value: k, selected: k === n.kind}, k[0].toUpperCase() + k.slice(1))));
  const row = el('div.num', {}, kinds, el('input', {value: n.value, 'aria-label': 'Number or address', maxLength: 120, placeholder: '+49 30 5550 142'}),
    el('button.quiet', {type: 'button', 'aria-label': 'Remove this number', title: 'Remove', onclick: () => row.remove()}, '✕'));
  return row;
}

export function edit(c) {
  editing = c;
  const form = $('editor').querySelector('form');
  $('editortitle').textContent = c?.phone ? 'Contact on the phone' : c?.id ? 'Contact' : 'New contact';
  form.elements.name.value = c?.name ?? '';
  form.elements.company.value = c?.company ?? '';
  $('numbers').replaceChildren(...(c?.numbers?.length ? c.numbers : [undefined]).map(numberRow));
  $('deletecontact').hidden = !c?.id;
  form.querySelector('.error').textContent = '';
  $('editor').showModal();
  form.elements.name.focus();
}

async function save(e) {
  e.preventDefault();
  const form = e.target, numbers = [...$('numbers').children].map(r => ({kind: r.querySelector('select').value, value: r.querySelector('input').value.trim()})).filter(n => n.value);
  try {
    await ask('POST', 'contacts', {contacts: [{id: editing?.id, phone: editing?.phone, name: form.elements.name.value, company: form.elements.company.value, numbers}]});
    $('editor').close();
  } catch (err) {
    form.querySelector('.error').textContent = err.message;
  }
}

async function importCards(file) {
  try {
    const {contacts, skipped} = await ask('POST', 'contacts/vcard', {text: await file.text()});
    toast(`${contacts} contacts imported` + (skipped ? `, ${skipped} without a number left out.` : '.'));
  } catch (e) { toast(e.message); }
}

export function start() {
  const query = $('query');
  query.oninput = () => { current = 0; showContacts(); };
  query.onkeydown = e => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); current += e.key === 'ArrowDown' ? 1 : -1; showContacts(); $('contacts').children[current]?.scrollIntoView({block: 'nearest'}); }
    if (e.key === 'Escape') { query.value = ''; showContacts(); }
  };
  $('dial').onsubmit = e => {
    e.preventDefault();
    const t = target();
    if (!t) return;
    call(t.to, t.name);
    query.value = '';
    showContacts();
  };
  $('newcontact').onclick = () => { const q = query.value.trim(); edit(isNumber(q) ? {name: '', numbers: [{kind: 'work', value: q}]} : {name: q, numbers: []}); };
  $('addnumber').onclick = () => { const r = numberRow(); $('numbers').append(r); r.querySelector('input').focus(); };
  $('editor').querySelector('form').onsubmit = save;
  $('editor').querySelector('[data-close]').onclick = () => $('editor').close();
  $('deletecontact').onclick = async () => {
    try { await ask('DELETE', 'contacts/' + encodeURIComponent(editing.id)); $('editor').close(); } catch (e) { toast(e.message); }
  };
  $('import').onclick = () => $('vcard').click();
  $('vcard').onchange = e => { if (e.target.files[0]) importCards(e.target.files[0]); e.target.value = ''; };
  for (const [id, only] of [['log-all', false], ['log-missed', true]]) $(id).onclick = () => {
    missedOnly = only;
    $('log-all').setAttribute('aria-pressed', !only);
    $('log-missed').setAttribute('aria-pressed', only);
    showLog();
  };
  showContacts();
  showLog();
}
