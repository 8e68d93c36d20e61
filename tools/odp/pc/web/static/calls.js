// The calls that go on: their cards, and the pop-up of one that rings.
import {$, clock, el, face, icon, readable} from './lib.js';
import {chatAt, names, phone, quietly, request, say} from './app.js';
import {pick} from './people.js';

const looks = {
  dialing: ['', 'Dialling'], proceeding: ['', 'Calling'], alerting: ['ring', 'Ringing there'], early: ['ring', 'Ringing there'], offered: ['ring', 'Incoming'], ringing: ['ring', 'Incoming'],
  answering: ['talk', 'Answering'], connected: ['talk', 'Talking'], transferring: ['wait', 'Transferring'], escalating: ['wait', 'Moving'], ending: ['end', 'Ended'],
};

/** Whether a call of ours leads to a conference that a server holds. Who calls us may say so of himself: he is shown as he is. */
const meets = c => c.dir === 'out' && !!c.conf?.uri;

/** The other party, or the conference: name and number as to be shown. */
export function who(c) {
  if (meets(c)) return {name: c.conf.subject || 'Conference', number: readable(c.conf.uri)};
  const b = c.legB ?? {}, number = b.number || readable(b.uri) || 'Unknown number';
  if (b.withheld) return {name: 'Number withheld', number: ''};
  const name = names(b.uri) || b.display || number;
  return {name, number: name === number ? '' : number};
}

const listed = 5; // of those in a conference

/** Those in a conference that a server holds, but for us. */
function present(conf) {
  const all = (conf?.roster ?? []).filter(m => !m.self && m.state !== 'ended').map(m => names(m.uri) || m.display || m.number || readable(m.uri));
  const more = Math.max(all.length, (conf?.count ?? 0) - 1) - listed;
  return all.slice(0, listed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What the number is worth, empty if nobody looked (TPCP section 8.8). */
function worth(b) {
  if (b?.verified === 'failed') return 'number not verified';
  return (b?.verified === 'passport' || b?.verified === 'network') && b.attest !== 'B' && b.attest !== 'C' ? 'verified caller' : '';
}

function look(c) {
  if (c.state === 'connected' && c.hold?.local) return ['wait', 'On hold'];
  if (c.state === 'connected' && c.hold?.remote) return ['wait', 'They hold you'];
  return looks[c.state] ?? ['', c.state];
}

const can = (c, action) => (c.actions ?? []).includes(action);
const chat = c => chatAt(c.conf?.uri);
const rings = c => c.dir === 'in' && (c.state === 'ringing' || c.state === 'offered');
const act = (method, c, params = {}) => quietly(request('call.' + method, {callId: c.callId, ...params}));

const cards = new Map(), popups = new Map();

/** One call's card. It is made once and kept, so that what is typed and focused stays. */
class Card {
  constructor(c) {
    this.c = c;
    this.open = '';
    this.name = el('div.name');
    this.sub = el('div.sub');
    this.chip = el('span.chip');
    this.timer = el('div.timer', {'aria-label': 'Duration'});
    this.face = el('span');
    this.keys = el('div.keys');
    this.panel = el('div.panel', {hidden: true});
    this.node = el('article.call', {tabIndex: -1, 'aria-label': 'Call'}, el('div.top', {}, this.face, el('div.who', {}, this.name, this.sub), el('div.right', {}, this.timer, this.chip)), this.keys, this.panel);
    this.buttons = new Map();
    const key = (id, iconName, label, onclick, cls = '') => {
      const b = el('button' + cls, {onclick, 'data-key': id}, icon(iconName), el('span', {}, label));
      this.buttons.set(id, b);
      this.keys.append(b);
    };
    key('answer', 'call', 'Answer', () => act('answer', this.c), '.go');
    key('hold', 'hold', 'Hold', () => act('hold', this.c));
    key('resume', 'resume', 'Resume', () => act('resume', this.c), '.primary');
    key('mute', 'mute', 'Mute', () => act('mute', this.c, {on: !this.c.legA?.muted}), '.on-stop');
    key('keypad', 'keypad', 'Keypad', () => this.show('keypad'));
    key('transfer', 'transfer', 'Transfer', () => this.show('transfer'));
    key('complete', 'transfer', 'Connect both', () => quietly(request('call.completeTransfer', pairOf(this.c))), '.primary');
    key('back', 'in', 'End and return', () => { const p = pairOf(this.c); quietly(request('call.reconnect', {consultCallId: p.consultCallId, heldCallId: p.callId})); });
    key('split', 'person', 'Speak alone', () => act('split', this.c));
    key('merge', 'merge', 'Conference', () => quietly(request('call.conference', {callIds: [this.c, ...phone().calls.filter(o => o !== this.c && o.state === 'connected')].map(o => o.callId).slice(0, 3)})));
    key('chat', 'chat', 'Chat', () => location.assign(chat(this.c)));
    key('note', 'note', 'Note', () => this.show('note'));
    key('reject', 'hangup', 'Decline', () => act('reject', this.c, {how: 'decline'}), '.stop');
    key('hangup', 'hangup', 'Hang up', () => act('hangup', this.c), '.end');
  }

  update(c) {
    this.c = c;
    const {name, number} = who(c), [tone, word] = look(c);
    if (this.name.textContent !== name) { this.name.textContent = name; const f = face(name); this.face.replaceWith(f); this.face = f; }
    this.sub.textContent = [present(c.conf), number, worth(c.legB), c.subject, c.conf?.uri && !meets(c) ? 'in a conference at ' + readable(c.conf.uri) : c.conf && !c.conf.uri ? 'in a conference' : ''].filter(Boolean).join(' · ');
    this.chip.className = 'chip ' + tone;
    this.chip.replaceChildren(word);
    this.node.dataset.look = tone;
    this.node.dataset.state = c.state;
    this.node.dataset.held = !!c.hold?.local;
    const others = phone().calls.filter(o => o.callId !== c.callId && o.state === 'connected');
    const shown = {
      answer: can(c, 'answer'), reject: can(c, 'reject'), hold: can(c, 'hold'), resume: can(c, 'resume'), mute: can(c, 'mute') && !rings(c),
      keypad: can(c, 'dtmf'), transfer: (can(c, 'transfer') || can(c, 'consult')) && !c.consultOf, complete: can(c, 'completeTransfer') && !!c.consultOf, back: can(c, 'reconnect') && !!c.consultOf, split: can(c, 'split'), merge: can(c, 'conference') && others.length > 0 && !c.conf,
      chat: !!chat(this.c), note: !rings(c), hangup: can(c, 'hangup') && !rings(c),
    };
    for (const [id, b] of this.buttons) b.hidden = !shown[id];
    const mute = this.buttons.get('mute');
    mute.setAttribute('aria-pressed', !!c.legA?.muted);
    mute.lastChild.textContent = c.legA?.muted ? 'Muted' : 'Mute';
    if (this.open && !shown[this.open]) this.show('');
    this.tick();
  }

  tick() {
    const from = this.c.answeredAt || '';
    this.timer.textContent = from ? clock(Date.now() + skew() - Date.parse(from)) : '';
  }

  show(what) {
    this.open = this.open === what ? '' : what;
    for (const id of ['keypad', 'transfer', 'note']) this.buttons.get(id).setAttribute('aria-expanded', this.open === id);
    this.panel.hidden = !this.open;
    this.panel.replaceChildren(...(this.open ? this[this.open]() : []));
    this.panel.querySelector('input, textarea, button')?.focus();
  }

  keypad() {
    const sent = el('div.sent', {role: 'status', 'aria-label': 'Keys sent'});
    const press = d => { sent.textContent += d; act('dtmf', this.c, {digits: d}); };
    this.press = press;
    const letters = ['', '', 'ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ'];
    return [sent, el('div.pad', {}, ...[...'123456789*0#'].map(d => el('button', {onclick: () => press(d), 'aria-label': d === '*' ? 'star' : d === '#' ? 'hash' : d}, d, el('small', {}, letters[d] ?? ''))))];
  }

  transfer() {
    const results = el('ul.list.targets');
    const input = el('input', {placeholder: 'Transfer to name or number', 'aria-label': 'Transfer to name or number', maxLength: 120});
    const send = to => { this.show(''); quietly(request('call.transfer', {callId: this.c.callId, to})); };
    const first = to => { this.show(''); quietly(request('call.consult', {callId: this.c.callId, to})); };
    const row = (name, to, sub) => el('li.entry', {}, face(name), el('div.who', {}, el('div.name', {}, name), el('div.sub', {}, sub)),
      can(this.c, 'transfer') && el('button.small', {onclick: () => send(to)}, 'Transfer'), can(this.c, 'consult') && el('button.small.quiet', {onclick: () => first(to)}, 'Ask first'));
    const list = () => {
      const typed = input.value.trim(), rows = pick(typed).slice(0, 6).flatMap(c => c.numbers.map(n => row(c.name, n.value, n.value)));
      if (/^[+\d][\d\s()./-]*$|@/.test(typed)) rows.unshift(row(typed, typed, 'this number'));
      results.replaceChildren(...rows);
    };
    input.oninput = list;
    list();
    return [input, results];
  }

  note() {
    const c = this.c, text = el('textarea', {placeholder: 'What was said. It is kept with the call in the log.', 'aria-label': 'Note on this call', maxLength: 512, value: notes.get(c.callId) ?? ''});
    let saving;
    text.oninput = () => {
      notes.set(c.callId, text.value);
      clearTimeout(saving);
      saving = setTimeout(() => act('note', c, {text: text.value}), 600);
    };
    return [text];
  }
}

const notes = new Map();
/** A call and its consultation, whichever of the two is given. */
const pairOf = c => c.consultOf ? {callId: c.consultOf, consultCallId: c.callId} : {callId: c.callId, consultCallId: phone().calls.find(o => o.consultOf === c.callId)?.callId};

/** How far the phone's clock is ahead of this one, in ms. */
const skew = () => phone()?.skewMs ?? 0;

function popup(c) {
  const name = el('div.name', {id: 'p-' + c.callId}), sub = el('div.sub');
  const answer = el('button.go', {onclick: () => act('answer', c)}, icon('call'), 'Answer');
  const node = el('div.popup', {role: 'alertdialog', 'aria-labelledby': 'p-' + c.callId, 'data-call': c.callId}, el('div.top', {}, face(who(c).name), el('div.who', {}, el('div.sub', {}, 'Incoming call'), name, sub)),
    el('div.keys', {}, answer, el('button.stop', {onclick: () => act('reject', c, {how: 'decline'})}, icon('hangup'), 'Reject')));
  $('popups').append(node);
  if (!document.activeElement?.matches('input, textarea')) answer.focus();
  return {node, update(c) { const w = who(c); name.textContent = w.name; sub.textContent = [w.number, worth(c.legB)].filter(Boolean).join(' · '); }};
}

/** Keeps the elements of a map in step with the calls. */
function sync(map, list, make, home) {
  const ids = new Set(list.map(c => c.callId));
  for (const [id, card] of map) if (!ids.has(id)) { card.node.remove(); map.delete(id); }
  for (const c of list) {
    if (!map.has(c.callId)) { const made = make(c); map.set(c.callId, made); home?.append(made.node); }
    map.get(c.callId).update(c);
  }
}

const told = new Map();
function announce(list) {
  for (const c of list) {
    const word = look(c)[1];
    if (told.get(c.callId) !== word) { told.set(c.callId, word); say(`${who(c).name}: ${word}`); }
  }
  for (const id of told.keys()) if (!list.some(c => c.callId === id)) { told.delete(id); notes.delete(id); say('The call has ended'); }
}

export function render(p) {
  const list = p?.calls ?? [];
  sync(cards, list.filter(c => !rings(c)), c => new Card(c), $('calls'));
  sync(popups, list.filter(rings), popup);
  announce(list);
}

setInterval(() => { for (const c of cards.values()) c.tick(); }, 500);

/** Keys while nothing is typed: A answers, H hangs up, M mutes, digits go to an open keypad. */
export function key(e) {
  const list = phone()?.calls ?? [], front = list.find(c => c.state === 'connected' && !c.hold?.local);
  const ringing = list.find(rings), card = front && cards.get(front.callId);
  if (card?.open === 'keypad' && /^[0-9*#]$/.test(e.key)) { card.press(e.key); return; }
  switch (e.key.toLowerCase()) {
    case 'a': if (ringing) act('answer', ringing); break;
    case 'm': if (front) act('mute', front, {on: !front.legA?.muted}); break;
    case 'h': if (front) act('hold', front); else if (list[0]?.hold?.local) act('resume', list[0]); break;
    default: if (/^[0-9+*]$/.test(e.key)) { $('query').focus(); }
  }
}
