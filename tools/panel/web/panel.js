// The front panel: draws the phone's keys where its screen expects them, shows the screen, plays and
// records. The messages are described in viewer.go.
"use strict";
const $ = id => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") || "";
const letters = ["", "", "ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"];
let socket, held = new Set();

function key(name, label, opt = {}) {
  const b = document.createElement("button");
  b.className = "key";
  b.dataset.key = name;
  b.setAttribute("aria-label", opt.aria || label || name);
  b.title = opt.title || "";
  if (opt.lamp) b.append(Object.assign(document.createElement("span"), { className: "lamp" }));
  b.append(label);
  if (opt.small !== undefined) b.append(Object.assign(document.createElement("small"), { textContent: opt.small }));
  if (opt.hue) b.style.setProperty("--hue", opt.hue);
  b.addEventListener("pointerdown", e => { b.setPointerCapture(e.pointerId); press(name, true); });
  for (const up of ["pointerup", "pointercancel"]) b.addEventListener(up, () => press(name, false));
  b.addEventListener("keydown", e => { if (e.key === "Enter" && !e.repeat) { press(name, true); e.stopPropagation(); } });
  b.addEventListener("keyup", e => { if (e.key === "Enter") { press(name, false); e.stopPropagation(); } });
  return b;
}

function send(kind, ...parts) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(new Blob([kind, ...parts]));
}

function press(name, down) {
  if (held.has(name) === down) return;
  down ? held.add(name) : held.delete(name);
  document.querySelector(`[data-key="${CSS.escape(name)}"]`)?.classList.toggle("down", down);
  send("K", new Uint8Array([down ? 1 : 0]), name);
}

for (const d of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"])
  $("pad").append(key(d, d, { small: d === "0" ? "+" : letters[+d] || "" }));
for (const [n, l] of [["", ""], ["up", "▲"], ["", ""], ["left", "◀"], ["ok", "OK"], ["right", "▶"], ["", ""], ["down", "▼"], ["", ""], ["back", "Back"]])
  $("nav").append(n ? key(n, l, { aria: n }) : document.createElement("span"));
for (const [n, l, o] of [["speaker", "Speaker", { lamp: 1 }], ["headset", "Headset", { lamp: 1 }], ["mute", "Mute", { lamp: 1, hue: "var(--stop)" }], ["hold", "Hold", {}], ["volume-down", "Vol −", {}], ["volume-up", "Vol +", {}]])
  $("acts").append(key(n, l, o));

// Soft keys and line keys stand where the screen draws their tabs and tiles (design: pitch 158.4 and 74).
for (let i = 0; i < 5; i++) {
  const s = key("soft" + (i + 1), "Soft key " + (i + 1));
  s.style.left = 8 + 158.4 * i + "px";
  s.style.width = "150px";
  $("softkeys").append(s);
  const l = key("line" + (i + 1), "", { lamp: 1, aria: "Line key " + (i + 1) });
  l.style.top = 10 + 48 + 8 + 74 * i + "px";
  $("lines").append(l);
}

let offHook = false;
function hook() { send("K", new Uint8Array([offHook ? 0 : 1]), "hook"); }
function showHook(lifted) {
  offHook = lifted;
  $("handset").setAttribute("aria-pressed", lifted);
  $("hookword").textContent = lifted ? "Handset lifted" : "Handset down";
}
$("handset").addEventListener("click", hook);
$("jack").addEventListener("change", e => send("K", new Uint8Array([e.target.checked ? 1 : 0]), "jack"));

const codes = { Enter: "ok", Escape: "back", ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right",
  F1: "soft1", F2: "soft2", F3: "soft3", F4: "soft4", F5: "soft5", m: "mute", s: "speaker", h: "headset", "+": "volume-up", "-": "volume-down", Backspace: "soft2" };
function mapped(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target.tagName === "INPUT") return null;
  return /^[0-9*#]$/.test(e.key) ? e.key : codes[e.key];
}
addEventListener("keydown", e => {
  if (e.key === " " && e.target.tagName !== "BUTTON" && !e.repeat) { hook(); e.preventDefault(); return; }
  const k = mapped(e);
  if (!k) return;
  e.preventDefault();
  if (!e.repeat) press(k, true);
});
addEventListener("keyup", e => { const k = mapped(e); if (k) press(k, false); });
addEventListener("blur", () => { for (const k of [...held]) press(k, false); });

const screen = $("screen"), pen = screen.getContext("2d");
function touch(e, down) {
  const r = screen.getBoundingClientRect(), v = new DataView(new ArrayBuffer(4));
  v.setUint16(0, Math.max(0, (e.clientX - r.left) * screen.width / r.width));
  v.setUint16(2, Math.max(0, (e.clientY - r.top) * screen.height / r.height));
  send("T", new Uint8Array([down ? 1 : 0]), v);
}
screen.addEventListener("pointerdown", e => { screen.setPointerCapture(e.pointerId); touch(e, true); });
screen.addEventListener("pointerup", e => touch(e, false));

let painting = Promise.resolve();
function paint(buf) {
  const v = new DataView(buf, 1), x = v.getUint16(0), y = v.getUint16(2);
  const piece = createImageBitmap(new Blob([buf.slice(5)], { type: "image/png" }));
  painting = painting.then(() => piece).then(b => {
    if (x + y === 0 && (b.width > screen.width || b.height > screen.height)) { screen.width = b.width; screen.height = b.height; }
    pen.drawImage(b, x, y);
    b.close();
  });
}

function lamps({ title, hook, jack, lamps }) {
  showHook(hook);
  $("jack").checked = jack;
  document.title = title;
  $("ringlight").classList.toggle("on", !!lamps.ring);
  for (const b of document.querySelectorAll(".key[data-key]")) b.classList.toggle("lit", !!lamps[b.dataset.key]);
}

// Sound. The worklet keeps a short cushion of speaker sound and hands microphone sound over in 10 ms pieces.
let audio, player, recorder, stream;
async function soundOn() {
  audio = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
  await audio.audioWorklet.addModule("worklet.js");
  player = new AudioWorkletNode(audio, "player", { outputChannelCount: [1] });
  player.connect(audio.destination);
  await audio.resume();
  $("sound").textContent = "Sound is on";
}
$("sound").addEventListener("click", async () => {
  if (!audio) return soundOn().catch(e => { audio = null; $("state").textContent = "This browser gives no sound: " + e.message; });
  if (audio.state === "running") { await audio.suspend(); $("sound").textContent = "Turn sound on"; }
  else { await audio.resume(); $("sound").textContent = "Sound is on"; }
});
$("mic").addEventListener("change", async () => {
  if (!$("mic").checked) { stream?.getTracks().forEach(t => t.stop()); recorder?.disconnect(); $("meter").firstChild.style.width = 0; return; }
  try {
    if (!audio) await soundOn();
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    recorder = new AudioWorkletNode(audio, "recorder", { numberOfOutputs: 0 });
    recorder.port.onmessage = e => {
      send("M", e.data.pcm);
      $("meter").firstChild.style.width = Math.min(100, e.data.level * 300) + "%";
    };
    audio.createMediaStreamSource(stream).connect(recorder);
  } catch (e) {
    $("mic").checked = false;
    $("state").textContent = "No microphone: " + e.message + ". Allow it in the browser's address bar.";
  }
});

function connect() {
  socket = new WebSocket(`ws://${location.host}/live?token=${encodeURIComponent(token)}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { $("state").textContent = "Connected"; };
  socket.onclose = () => { held.clear(); $("state").textContent = "The phone is away; trying again"; setTimeout(connect, 1000); };
  socket.onmessage = e => {
    const kind = String.fromCharCode(new Uint8Array(e.data, 0, 1)[0]);
    if (kind === "P") paint(e.data);
    else if (kind === "A") player?.port.postMessage(e.data.slice(1));
    else if (kind === "L") lamps(JSON.parse(new TextDecoder().decode(e.data.slice(1))));
  };
}
connect();
