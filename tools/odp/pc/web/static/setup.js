// What to do while there is no phone to work with: plug it in, allow it, pair it.
import {$, ask, el, icon} from './lib.js';
import {phone, toast} from './app.js';

let wanted = false, view = null, drawn = '';

export const shown = () => !$('setup').hidden;

/** Begins the way to a new phone, from the menu. */
export function pair() { wanted = true; render(view); }

const post = (path, body = {}) => ask('POST', path, body).catch(e => toast(e.message));

function begin(p) {
  return [el('h2', {}, `Pair with ${p.name || 'the phone'}`),
    el('p', {}, 'Pairing lets this computer place and answer calls on the phone. You will compare six digits on both screens; nothing is stored before you have confirmed them here and pressed a key on the phone.'),
    el('button.primary', {id: 'pairgo', onclick: () => post('pair', {phone: p.id})}, 'Begin')];
}

const steps = {
  begin: s => [el('h2', {}, 'Asking the phone…'), el('p', {}, 'If the phone is locked, unlock it first. It asks whether to pair with this computer.'), cancel()],
  compare: s => [el('h2', {}, 'Are these the digits on the phone?'), el('p.digits', {id: 'digits', 'aria-label': 'Digits ' + [...s.digits].join(' ')}, s.digits.replace(/(\d{3})(\d{3})/, '$1 $2')),
    el('p', {}, 'If they differ, somebody sits between this computer and the phone: answer No.'),
    el('div.keys', {}, el('button.primary', {id: 'pairyes', onclick: () => post('pair/confirm', {match: true})}, icon('check'), 'Yes, the same'), el('button.stop', {id: 'pairno', onclick: () => post('pair/confirm', {match: false})}, 'No'))],
  key: s => [el('h2', {}, 'Now press Pair on the phone'), el('p.digits', {}, s.digits.replace(/(\d{3})(\d{3})/, '$1 $2')), el('p', {}, 'The phone waits for its key. It gives up after a minute.'), cancel()],
  done: s => [el('h2', {}, 'Paired'), el('p', {}, 'This computer and the phone know each other now. Connecting…')],
  failed: s => [el('h2', {}, 'Not paired'), el('p', {}, s.problem), el('button.primary', {onclick: () => post('pair', {phone: s.phone})}, 'Try again')],
};

const cancel = () => el('button.quiet', {onclick: () => { wanted = false; post('pair/cancel'); }}, 'Cancel');

function absent(v) {
  const seen = v.seen ?? [];
  return [el('h2', {}, 'No phone found'),
    el('ol', {}, el('li', {}, 'Switch the phone on and wait until it shows the time.'), el('li', {}, 'Connect its USB socket marked PC to this computer. A charging cable without data lines will not do.')),
    el('p', {}, 'This page notices when it is plugged in.'),
    seen.length > 0 && el('details', {}, el('summary', {}, 'What is plugged in now'), el('pre', {}, seen.join('\n')))];
}

function denied(p) {
  return [el('h2', {}, 'The phone is there, but you may not open it'), el('p', {}, p.problem), el('p', {}, 'Install the rule once, as root:'), el('pre', {id: 'rule'}, p.hint ?? ''), el('p', {}, 'Then pull the cable and plug it in again.')];
}

/** What to show for a view, and a key that tells whether it is already shown. */
function choose(v) {
  const p = phone(), s = v.pairing;
  const busy = s && s.step !== 'done' && s.step !== 'failed';
  if (s && steps[s.step] && (busy || wanted || !v.phones.some(x => x.paired) || s.fresh)) return [JSON.stringify(s), () => steps[s.step](s)];
  const fresh = v.phones.find(x => x.plugged && !x.paired);
  if ((wanted || !v.phones.some(x => x.paired)) && fresh?.link === 'denied') return ['denied' + fresh.hint, () => denied(fresh)];
  if (p?.link === 'denied') return ['denied' + p.hint, () => denied(p)];
  if (fresh && (wanted || !v.phones.some(x => x.paired))) return ['begin' + fresh.id, () => begin(fresh)];
  if (!v.phones.some(x => x.paired) || wanted) return ['absent' + v.seen, () => absent(v)];
  return null;
}

export function render(v) {
  view = v;
  if (v.pairing?.step === 'done') wanted = false;
  const c = choose(v), box = $('setup');
  box.hidden = !c;
  if (!c || c[0] === drawn) { if (!c) drawn = ''; return; }
  drawn = c[0];
  box.replaceChildren(...c[1]().filter(Boolean));
  box.querySelector('button')?.focus();
}
